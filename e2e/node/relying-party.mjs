// An application that lets people sign in by openid-client. It prints the
// address to send the browser to, reads the address that the browser came back
// to from standard input, and prints what it learnt.
import { createInterface } from 'node:readline'
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto
const client = await import('openid-client')

const settings = JSON.parse(process.argv[2])
const config = await client.discovery(
  new URL(settings.issuer),
  settings.client_id,
  settings.client_secret,
  client.ClientSecretBasic(settings.client_secret),
  { execute: [client.allowInsecureRequests] }, // http on loopback
)
client.enableNonRepudiationChecks(config) // verify the ID token's signature too

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const expectedNonce = client.randomNonce()
const ask = client.buildAuthorizationUrl(config, {
  redirect_uri: settings.redirect_uri,
  scope: settings.scope,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  state: expectedState,
  nonce: expectedNonce,
})
console.log(ask.href)

const input = createInterface({ input: process.stdin })
const answer = await new Promise((resolve) => input.once('line', resolve))
input.close()

const tokens = await client.authorizationCodeGrant(config, new URL(answer), {
  pkceCodeVerifier,
  expectedState,
  expectedNonce,
  idTokenExpected: true,
})
const { sub } = tokens.claims()
await client.fetchUserInfo(config, tokens.access_token, sub)

const read = async (accessToken, path) => {
  const response = await client.fetchProtectedResource(config, accessToken, new URL(path, settings.api), 'GET')
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}
const organization = await read(tokens.access_token, '/v1/organization')
const members = await read(tokens.access_token, '/v1/organization/members')
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token)
const refreshed = await read(renewed.access_token, '/v1/organization')

await client.tokenRevocation(config, renewed.refresh_token)
await client.refreshTokenGrant(config, renewed.refresh_token).then(
  () => { throw new Error('a revoked refresh token still works') },
  () => {},
)

console.log(JSON.stringify({ sub, organization, refreshed, members: (members.items ?? members.members ?? members).length }))
