// Runs the Firebase Auth emulator without the rest of firebase-tools: one process, no hub, no further ports.
// Arguments: default project, port, names by which it may be asked, web origins that it answers, and the addresses to listen on, 127.0.0.1
// first. It is the last that is listened on: who finds it finds the others. The module is internal to firebase-tools, so package.json pins
// its exact version.
const http = require('http');
const { createRequire } = require('module');
const server = 'firebase-tools/lib/emulator/auth/server';
const [project, port, names, origins, ...hosts] = process.argv.slice(1);

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

// Have refresh tokens end with the sign-ins, as a changed password and a revocation do, by Identity Toolkit's error. The emulator's own do
// not have a time, and live as long as their user.
const { BadRequestError } = require('firebase-tools/lib/emulator/auth/errors');
const { ProjectState, decodeRefreshToken, encodeRefreshToken } = require('firebase-tools/lib/emulator/auth/state');
const { createRefreshTokenFor, validateRefreshToken } = ProjectState.prototype;
ProjectState.prototype.createRefreshTokenFor = function create(...of) {
  const issuedAt = Math.floor(Date.now() / 1000);
  return encodeRefreshToken({ ...decodeRefreshToken(createRefreshTokenFor.apply(this, of)), issuedAt });
};
ProjectState.prototype.validateRefreshToken = function validate(token) {
  const valid = validateRefreshToken.call(this, token);
  if ((decodeRefreshToken(token).issuedAt ?? 0) < Number(valid.user.validSince)) {
    throw new BadRequestError('TOKEN_EXPIRED');
  }
  return valid;
};

// The server admits every origin, and takes who says "Bearer owner" for the owner. So any page that is open in a browser of this machine
// could read and delete all users, if it were not refused here: by its origin, or by its name, which it may have turned to 127.0.0.1.
const patterns = origins.toLowerCase().split(',').map((origin) => origin.split('*'));
const admits = (origin) => patterns.some(([start, ...end]) => (end.length === 0
  ? origin === start
  : origin.length >= start.length + end[0].length && origin.startsWith(start) && origin.endsWith(end[0])));

function refusal({ host = '', origin }) {
  if (!names.split(',').includes(host.replace(/:\d+$/, ''))) {
    return [421, `ask for ${names}`];
  }
  // Its own pages, of a sign-in by a provider, have the origin that was asked for.
  if (origin !== undefined && origin !== `http://${host}` && !admits(origin)) {
    return [403, `pages of ${origin} are not admitted; FACESCAN_CORS_ORIGINS admits others`];
  }
  return null;
}

const guard = (app) => (req, res) => {
  const refused = refusal(req.headers);
  if (refused) {
    res.writeHead(refused[0], { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' }).end(`${refused[1]}\n`);
    return;
  }
  app(req, res);
};

const listen = (app, host) => new Promise((listening) => {
  http.createServer(guard(app)).listen(Number(port), host, listening).on('error', fail);
});

require(server).createApp(project)
  .then(async (app) => {
    for (const host of hosts.reverse()) {
      await listen(app, host);
    }
  })
  .catch(fail);
