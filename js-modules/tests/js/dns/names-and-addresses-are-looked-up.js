//: prints 127.0.0.1 4
//: prints ::1 6
//: prints ENOTFOUND getaddrinfo no-such-host.invalid
//: prints ERR_INVALID_ARG_VALUE
const dns = require('dns');
dns.lookup('localhost', 4, (error, address, family) => {
    console.log(address, family);
    dns.promises.lookup('::1').then(({ address, family }) => {
        console.log(address, family);
        dns.lookup('no-such-host.invalid', (error) => {
            // A machine without any name server says EAI_AGAIN in the real Node.
            console.log(error.code, error.syscall, error.hostname);
            try { dns.lookup('x', { family: 5 }, () => {}); } catch (wrong) { console.log(wrong.code); }
        });
    });
});
