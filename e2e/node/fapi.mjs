// An application at the level of FAPI 2.0, built on openid-client: it pushes its
// request, signs in by its own key, binds its tokens to a key of the moment, and
// reads signed responses. It speaks with its caller as relying-party.mjs does.
import { createInterface } from 'node:readline'
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto
const client = await import('openid-client')

const settings = JSON.parse(process.argv[2])
const own = await crypto.subtle.importKey('jwk', settings.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
const config = await client.discovery(
  new URL(settings.issuer),
  settings.client_id,
  { authorization_signed_response_alg: 'ES256' },
  client.PrivateKeyJwt(own),
  { execute: [client.allowInsecureRequests] }, // http on loopback
)
client.enableNonRepudiationChecks(config)
client.useJwtResponseMode(config)
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const expectedNonce = client.randomNonce()
const parameters = {
  redirect_uri: settings.redirect_uri,
  scope: settings.scope,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  state: expectedState,
  nonce: expectedNonce,
  response_mode: 'jwt',
}
const signed = await client.buildAuthorizationUrlWithJAR(config, parameters, own)
const request = settings.sign ? { request: signed.searchParams.get('request') } : parameters
const ask = await client.buildAuthorizationUrlWithPAR(config, request, { DPoP })
if ([...ask.searchParams.keys()].sort().join() !== 'client_id,request_uri') throw new Error(`the browser carries ${ask.search}`)
console.log(ask.href)

const input = createInterface({ input: process.stdin })
const answer = new URL(await new Promise((resolve) => input.once('line', resolve)))
input.close()
if ([...answer.searchParams.keys()].join() !== 'response') throw new Error(`the answer is ${answer.search}`)

const tokens = await client.authorizationCodeGrant(
  config, answer, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }, undefined, { DPoP },
)
if (tokens.token_type !== 'dpop') throw new Error(`a token of the type ${tokens.token_type}`)
const { sub } = tokens.claims()
await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })

const read = async (accessToken, path) => {
  const url = new URL(path, settings.api)
  const response = await client.fetchProtectedResource(config, accessToken, url, 'GET', undefined, undefined, { DPoP })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}
const organization = await read(tokens.access_token, '/v1/organization')
const members = await read(tokens.access_token, '/v1/organization/members')
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
const refreshed = await read(renewed.access_token, '/v1/organization')

// What a thief of the token has.
const stolen = await fetch(new URL('/v1/organization', settings.api), { headers: { authorization: `Bearer ${tokens.access_token}` } })
if (stolen.status !== 401) throw new Error(`a stolen token opens the API: ${stolen.status}`)
await client.tokenRevocation(config, renewed.refresh_token)

console.log(JSON.stringify({ sub, organization, refreshed, members: (members.items ?? members.members ?? members).length }))
