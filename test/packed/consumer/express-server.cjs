const { createDrain } = require('@drainkit/express');
const express = require('express');

const app = express();
const drain = createDrain({ window: 0 });
app.use(drain.middleware());
app.get('/', (_request, response) => response.send('hello'));
drain.resource('database', () => console.log('closed database'));
const server = drain.attach(
  app.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`)),
);
