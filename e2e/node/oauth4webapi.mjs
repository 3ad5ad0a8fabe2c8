// An application at the level of FAPI 2.0 Message Signing, built on oauth4webapi: a
// library of single requests, whose caller says each step. It speaks with its caller
// as relying-party.mjs does.
import { createInterface } from 'node:readline'
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto
const oauth = await import('oauth4webapi')

const settings = JSON.parse(process.argv[2])
const http = { [oauth.allowInsecureRequests]: true } // on loopback
const issuer = new URL(settings.issuer)
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }))
const own = {
  kid: settings.jwk.kid,
  key: await crypto.subtle.importKey('jwk', settings.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']),
}
const client = {
  client_id: settings.client_id, authorization_signed_response_alg: 'ES256', id_token_signed_response_alg: 'ES256',
  require_auth_time: true,
}
const byKey = oauth.PrivateKeyJwt(own)
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))

// The first proof is refused for want of a nonce; the library has it by then.
const twice = async (request, process) => {
  try {
    return await process(await request())
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return process(await request())
  }
}

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const parameters = {
  response_type: 'code', redirect_uri: settings.redirect_uri, scope: settings.scope, state, nonce, response_mode: 'jwt', max_age: '3600',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
}
const request = settings.sign ? { request: await oauth.issueRequestObject(as, client, parameters, own) } : parameters
const pushed = await twice(
  () => oauth.pushedAuthorizationRequest(as, client, byKey, request, { DPoP, ...http }),
  (response) => oauth.processPushedAuthorizationResponse(as, client, response),
)
const ask = new URL(as.authorization_endpoint)
ask.searchParams.set('client_id', client.client_id)
ask.searchParams.set('request_uri', pushed.request_uri)
console.log(ask.href)

const input = createInterface({ input: process.stdin })
const answer = new URL(await new Promise((resolve) => input.once('line', resolve)))
input.close()
const response = await oauth.validateJwtAuthResponse(as, client, answer, state, http)

const check = async (response) => {
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce, maxAge: 3600, requireIdToken: true,
  })
  await oauth.validateApplicationLevelSignature(as, response, http)
  return tokens
}
const tokens = await twice(
  () => oauth.authorizationCodeGrantRequest(as, client, byKey, response, settings.redirect_uri, verifier, { DPoP, ...http }), check,
)
if (tokens.token_type !== 'dpop') throw new Error(`a token of the type ${tokens.token_type}`)
const { sub } = oauth.getValidatedIdTokenClaims(tokens)
await twice(
  () => oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...http }),
  (response) => oauth.processUserInfoResponse(as, client, sub, response),
)

const read = (accessToken, path) => twice(
  () => oauth.protectedResourceRequest(accessToken, 'GET', new URL(path, settings.api), undefined, undefined, { DPoP, ...http }),
  async (response) => {
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  },
)
const organization = await read(tokens.access_token, '/v1/organization')
const members = await read(tokens.access_token, '/v1/organization/members')
const renewed = await twice(
  () => oauth.refreshTokenGrantRequest(as, client, byKey, tokens.refresh_token, { DPoP, ...http }),
  (response) => oauth.processRefreshTokenResponse(as, client, response),
)
const refreshed = await read(renewed.access_token, '/v1/organization')

const introspected = await oauth.processIntrospectionResponse(
  as, client, await oauth.introspectionRequest(as, client, byKey, renewed.access_token, http),
)
if (!introspected.active || introspected.sub !== sub) throw new Error(`introspection says ${JSON.stringify(introspected)}`)
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, byKey, renewed.refresh_token ?? tokens.refresh_token, http),
)

console.log(JSON.stringify({ sub, organization, refreshed, members: (members.items ?? members.members ?? members).length }))
