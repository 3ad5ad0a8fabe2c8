// A single-page application on oidc-client-ts. /settings says what it is; it shows
// what it learnt, as JSON, in #result. With "dpop" its tokens are bound to a key that
// the page cannot read; without, they are Bearer's.
const show = (value) => { document.getElementById('result').textContent = JSON.stringify(value) }

const start = async () => {
  const settings = await (await fetch('/settings')).json()
  const manager = new oidc.UserManager({
    authority: settings.issuer, client_id: settings.client_id, redirect_uri: settings.redirect_uri, scope: settings.scope,
    response_type: 'code', automaticSilentRenew: false, loadUserInfo: !settings.dpop,
    ...(settings.dpop && { dpop: { bind_authorization_code: true, store: new oidc.IndexedDbDPoPStore() } }),
  })
  const read = async (user, path) => {
    const address = new URL(path, settings.api).href
    const headers = { authorization: `${user.token_type} ${user.access_token}` }
    if (settings.dpop) headers.DPoP = await manager.dpopProof(address, user, 'GET')
    const response = await fetch(address, { headers })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  const button = document.getElementById('signin')
  button.onclick = () => manager.signinRedirect()
  button.disabled = false // from now on a click leads somewhere
  if (location.pathname !== '/callback') return
  const user = await manager.signinRedirectCallback()
  const organization = await read(user, '/v1/organization')
  const members = await read(user, '/v1/organization/members')
  const renewed = await manager.signinSilent() // by the refresh token
  const refreshed = await read(renewed, '/v1/organization')
  await manager.revokeTokens(['refresh_token'])
  show({
    sub: user.profile.sub, name: user.profile.name, type: user.token_type, rotated: renewed.refresh_token !== user.refresh_token,
    organization, refreshed, members: (members.items ?? members.members ?? members).length,
  })
}

start().catch((error) => show({ error: String(error) }))
