// A real OpenID Connect provider (oidc-provider, which is certified), on loopback. Whoever types a name is let in as that.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const CLIENT = { client_id: 'adit', client_secret: 'what both know / 100%' };

/** Seconds. */
const LASTS = 600;

const form = (uid) => `<!doctype html><title>Corp ID</title><link rel="icon" href="data:,"><form method="post" action="/interaction/${uid}">
  <label>Name <input name="login" required></label> <button>Let me in</button></form>`;

async function typed(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return new URLSearchParams(body).get('login');
}

/** Runs `work` with the provider's issuer and our credentials there, and ends it whatever comes of that. */
export async function withProvider(redirectUri, people, work) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [{ ...CLIENT, redirect_uris: [redirectUri] }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['loopback'] },
    features: { devInteractions: { enabled: false } },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    ttl: { Interaction: LASTS, Grant: LASTS, Session: LASTS, AccessToken: LASTS, IdToken: LASTS, AuthorizationCode: LASTS },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
  });
  const shown = [];
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    const [, uid] = request.url.match(/^\/interaction\/([^/]+)$/) ?? [];
    if (!uid) return answer(request, response);
    if (request.method === 'GET') {
      shown.push(uid);
      response.setHeader('content-type', 'text/html');
      return response.end(form(uid));
    }
    const accountId = await typed(request);
    return provider.interactionFinished(request, response, { login: { accountId } });
  });
  try {
    return await work({ issuer, ...CLIENT, shown });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
