// An origin by Node's parser, strict and as lenient as it can be made: tells of every request it sees, answers what it understood.
'use strict';
const http = require('http');

function serve(name, options) {
  const server = http.createServer({...options, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60000}, (request, response) => {
    console.log(`${name} request ${request.method} ${request.url}`);
    let size = 0;
    request.on('data', (data) => { size += data.length; });
    request.on('end', () => response.end(`${request.method} ${request.url} ${size}`));
  });
  server.on('clientError', (error, socket) => {
    if (error.code !== 'ECONNRESET' && error.code !== 'HPE_INVALID_EOF_STATE') {
      console.log(`${name} refused ${error.code}`);
    }
    socket.destroy();
  });
  server.listen(0, '127.0.0.1', () => console.log(`${name} listening 127.0.0.1:${server.address().port}`));
}

serve('strict', {});
serve('lenient', {insecureHTTPParser: true});
