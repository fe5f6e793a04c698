// Runs the Firebase Auth emulator without the rest of firebase-tools: one process, no hub, no further ports.
// Arguments: default project, port, and the addresses to listen on, 127.0.0.1 first. It is the last that is listened on: who finds it finds
// the others. The module is internal to firebase-tools, so package.json pins its exact version.
const { createRequire } = require('module');
const server = 'firebase-tools/lib/emulator/auth/server';
const [project, port, ...hosts] = process.argv.slice(1);

function fail(err) {
  console.error(err);
  process.exit(1);
}

// Have the validators of its API's 80 paths compiled when they are first used: ready in 2.5 s rather than 9 s.
const exegesis = createRequire(require.resolve(server))('exegesis-express');
const { middleware } = exegesis;
exegesis.middleware = (api, options) => middleware(api, { ...options, lazyCompileValidationSchemas: true });

// Have imported users keep the time since when their tokens are valid, so that who is signed in stays so over a restart: KEEP imports them.
const { accounts } = require('firebase-tools/lib/emulator/auth/operations').authOperations.identitytoolkit.projects;
const { batchCreate } = accounts;
accounts.batchCreate = (state, body, context) => {
  const answer = batchCreate(state, body, context);
  for (const { localId, validSince } of body.users) {
    if (validSince && state.getUserByLocalId(localId)) {
      state.updateUserByLocalId(localId, { validSince });
    }
  }
  return answer;
};

const listen = (app, host) => new Promise((listening) => {
  app.listen(Number(port), host, listening).on('error', fail);
});

require(server).createApp(project)
  .then(async (app) => {
    for (const host of hosts.reverse()) {
      await listen(app, host);
    }
  })
  .catch(fail);
