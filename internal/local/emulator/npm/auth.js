// Runs the Firebase Auth emulator without the rest of firebase-tools: one process, no hub, no further ports.
// Arguments: default project, port. The module is internal to firebase-tools, so package.json pins its exact version.
const { createRequire } = require('module');
const server = 'firebase-tools/lib/emulator/auth/server';
const [project, port] = process.argv.slice(1);

function fail(err) {
  console.error(err);
  process.exit(1);
}

// Have the validators of its API's 80 paths compiled when they are first used: ready in 2.5 s rather than 9 s.
const exegesis = createRequire(require.resolve(server))('exegesis-express');
const { middleware } = exegesis;
exegesis.middleware = (api, options) => middleware(api, { ...options, lazyCompileValidationSchemas: true });

require(server).createApp(project)
  .then((app) => app.listen(Number(port), '127.0.0.1').on('error', fail))
  .catch(fail);
