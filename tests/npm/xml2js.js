const { parseString, Builder, Parser } = require('xml2js');
const xml = '<?xml version="1.0"?><a x="1&amp;2"><b>one</b><b k="v">two &lt; <![CDATA[<3>]]></b><c/><!-- no --><ns:d xmlns:ns="urn:x">ä</ns:d></a>';
parseString(xml, (error, tree) => {
    console.log(error, JSON.stringify(tree));
    console.log(new Builder({ headless: true }).buildObject(tree));
});
new Parser({ explicitArray: false, mergeAttrs: true, trim: true }).parseStringPromise(xml).then((tree) => console.log(tree));
parseString('<a><b></a>', (error) => console.log(error.message.split('\n')));
