const express = require('express');
const http = require('http');
const app = express();
app.use(express.json({ limit: '1kb' }));
app.get('/hello/:name', (req, res) => res.set('x-seen', req.query.q ?? '-').send(`hello ${req.params.name}`));
app.post('/sum', (req, res) => res.status(201).json({ sum: req.body.values.reduce((a, b) => a + b, 0) }));
app.get('/fail', () => { throw new Error('broken'); });
app.use((error, req, res, next) => res.status(error.status ?? 500).json({ error: error.message }));
const server = app.listen(0, '127.0.0.1', async () => {
    const ask = (method, path, body) => new Promise((resolve, reject) => {
        const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        const request = http.request({ host: '127.0.0.1', port: server.address().port, method, path, headers }, (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => resolve([response.statusCode, response.headers['content-type'], response.headers['x-seen'], response.headers.etag, text]));
        });
        request.on('error', reject).end(body);
    });
    console.log(await ask('GET', '/hello/w%C3%B6rld?q=1'));
    console.log(await ask('POST', '/sum', '{"values":[1,2,39]}'));
    console.log(await ask('POST', '/sum', '{"values":'));
    console.log(await ask('POST', '/sum', JSON.stringify('x'.repeat(2000))));
    console.log(await ask('GET', '/fail'));
    console.log((await ask('GET', '/nowhere'))[0]);
    server.close(() => console.log('closed'));
});
