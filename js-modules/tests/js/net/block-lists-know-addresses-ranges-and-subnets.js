const assert = require('assert');
const { BlockList, SocketAddress, isIP } = require('net');
const list = new BlockList();
list.addAddress('1.1.1.1');
list.addRange('10.0.0.1', '10.0.0.10');
list.addSubnet('8592:757c:efae:4e45::', 64, 'ipv6');
assert(list.check('1.1.1.1') && list.check('10.0.0.7') && list.check('::ffff:1.1.1.1', 'ipv6'));
assert(list.check('8592:757c:efae:4e45:1::2', 'ipv6'));
assert(!list.check('10.0.0.11') && !list.check('8592:757c:efae:4e46::1', 'ipv6'));
assert.deepStrictEqual(list.rules, [
    'Subnet: IPv6 8592:757c:efae:4e45::/64', 'Range: IPv4 10.0.0.1-10.0.0.10', 'Address: IPv4 1.1.1.1',
]);
assert.throws(() => list.addRange('10.0.0.2', '10.0.0.1'), { code: 'ERR_INVALID_ARG_VALUE' });
assert.throws(() => list.addSubnet('10.0.0.0', 33), { code: 'ERR_OUT_OF_RANGE' });
const address = new SocketAddress({ address: '::1', family: 'ipv6', port: 80 });
assert.deepStrictEqual(address.toJSON(), { address: '::1', port: 80, family: 'ipv6', flowlabel: 0 });
assert.deepStrictEqual(['::1', '1.2.3.4', '1.2.3', 'fe80::1%eth0', '01.2.3.4', ''].map(isIP), [6, 4, 0, 6, 0, 0]);
