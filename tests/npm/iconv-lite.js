const iconv = require('iconv-lite');
for (const name of ['latin1', 'win1252', 'utf16le', 'utf-16', 'shift_jis', 'gbk', 'big5', 'euc-kr', 'koi8-r', 'cp437', 'utf7']) {
    const bytes = iconv.encode('Grüße €, Привет 日本語', name);
    console.log(name, bytes.toString('hex'), iconv.decode(bytes, name));
}
const decoder = iconv.getDecoder('utf8');
console.log(decoder.write(Buffer.from([0xe2, 0x82])) + decoder.write(Buffer.from([0xac])), iconv.encodingExists('nope'));
