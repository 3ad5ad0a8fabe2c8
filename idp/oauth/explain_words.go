package oauth

// advices say what to do about a code, in Russian and in English.
var advices = map[string][2]string{
	"not_your_client":             {"Запрос другого приложения. Объясняются только запросы того, кто спрашивает.", "The request is another application's. Only the requests of whoever asks are explained."},
	"redirect_uri_missing":        {"Передайте redirect_uri: один из зарегистрированных.", "Send redirect_uri: one of those registered."},
	"redirect_uri_unregistered":   {"Адрес сравнивается целиком, до последней буквы, вместе с косой чертой в конце и параметрами. Ближайший зарегистрированный — в expected. Исправьте запрос или зарегистрируйте адрес.", "The address is compared as a whole, to the last letter, with a final slash and parameters. The nearest registered one is in expected. Correct the request or register the address."},
	"pkce":                        {"Передайте code_challenge — BASE64URL(SHA-256(code_verifier)) — и code_challenge_method=S256.", "Send code_challenge, BASE64URL(SHA-256(code_verifier)), and code_challenge_method=S256."},
	"code_verifier":               {"code_verifier не тот, от которого был code_challenge. Храните его вместе с state одного входа.", "code_verifier is not what code_challenge was made from. Keep it with the state of one sign-in."},
	"scope_unregistered":          {"Этих разрешений у приложения нет. Уберите их из запроса или попросите администратора организации.", "The application does not have these scopes. Leave them out, or ask the organisation's administrator."},
	"must_be_pushed":              {"Приложение обязано присылать запрос на /oauth2/par; через браузер такой запрос не примут.", "The application must push its requests to /oauth2/par; with the browser such a request is refused."},
	"unsupported_grant_type":      {"Такого grant_type сервер не знает. Список — в grant_types_supported.", "The server does not know this grant_type. The list is grant_types_supported."},
	"unauthorized_client":         {"Приложению этот grant_type не разрешён.", "The application may not use this grant_type."},
	"parameter_missing":           {"Не хватает параметра из expected.", "The parameter in expected is missing."},
	"invalid_target":              {"Токены выдаются только для адреса из expected; resource можно не передавать.", "Tokens are for the address in expected alone; resource may be left out."},
	"client_without_organisation": {"Приложение не принадлежит организации и за неё действовать не может.", "The application belongs to no organisation and cannot act for one."},
	"grant_not_looked_at":         {"Сам токен или код этого вида не проверялся: проверка и есть его использование.", "The token or code of this grant was not looked at: looking is using it."},
	"code_unknown":                {"Такого кода у приложения нет: он чужой, искажён по дороге или давно истёк.", "The application has no such code: it is another's, was changed on the way, or expired long ago."},
	"code_spent":                  {"Код обменивают один раз. Ищите повтор запроса в своей программе.", "A code is exchanged once. Look for a repeated request in your program."},
	"code_expired":                {"Код живёт минуту. Обменивайте его сразу.", "A code lives a minute. Exchange it at once."},
	"refresh_unknown":             {"Такого токена обновления у приложения нет: он чужой или искажён по дороге.", "The application has no such refresh token: it is another's, or was changed on the way."},
	"refresh_over":                {"Доступ закончился: человек вышел, забрал его, сменил пароль или токен долго лежал. Начните вход заново.", "The grant is over: the person signed out, withdrew it or changed the password, or the token lay unused for long. Begin a sign-in."},
	"refresh_used":                {"Этот токен обновления уже заменён следующим. Храните последний; использовать прежний ещё раз — значит потерять доступ.", "This refresh token was replaced by the next one. Keep the last; to use the one before again is to lose the grant."},
	"redirect_uri_differs":        {"redirect_uri должен быть тем же, что в запросе авторизации.", "redirect_uri must be that of the authorization request."},
	"assertion_too_large":         {"Оставьте в утверждении только нужные поля.", "Keep only the claims that are needed."},
	"assertion_form":              {"Нужен компактный JWS с подписью одним из алгоритмов; none не принимается никогда.", "A compact JWS signed by one of the algorithms is needed; none is never taken."},
	"assertion_algorithm":         {"Подписывайте алгоритмом, который зарегистрирован.", "Sign with the registered algorithm."},
	"assertion_header":            {"Ключ берётся только из зарегистрированного набора: уберите jwk, jku, x5u, crit и чужой typ.", "The key comes from the registered set alone: leave out jwk, jku, x5u, crit and a foreign typ."},
	"assertion_kid":               {"Ключа с таким kid в наборе приложения нет. Зарегистрируйте его или подпишите одним из ключей в expected.", "The application's set has no key of this kid. Register it, or sign with one of those in expected."},
	"assertion_signature":         {"Подпись не подходит ни к одному ключу приложения для этого алгоритма. Проверьте, что зарегистрирована открытая половина того же ключа.", "The signature fits none of the application's keys for the algorithm. See that the public half of the same key is registered."},
	"claims_unreadable":           {"Содержимое утверждения — не объект JSON с полями JWT.", "The payload is not a JSON object with the claims of a JWT."},
	"assertion_issuer":            {"iss — это client_id приложения.", "iss is the application's client_id."},
	"assertion_subject":           {"sub — это client_id приложения.", "sub is the application's client_id."},
	"assertion_audience":          {"aud — адрес сервера (issuer) и ничей больше; адрес конечной точки не подходит.", "aud is the issuer and nobody else; the address of an endpoint does not do."},
	"clock_ahead":                 {"Часы приложения спешат; разница в секундах — в received. Синхронизируйте их (NTP).", "The application's clock runs ahead; the seconds are in received. Synchronise it (NTP)."},
	"assertion_expired":           {"Утверждение истекло. Делайте новое для каждого запроса и сверьте часы; разница — в received.", "The assertion has expired. Make a new one for each request and compare the clocks; the difference is in received."},
	"assertion_far":               {"exp не дальше часа; достаточно минуты.", "exp is an hour away at most; a minute is enough."},
	"assertion_jti":               {"Дайте каждому утверждению свой jti.", "Give each assertion a jti of its own."},
	"assertion_used":              {"Утверждение уже использовано. Делайте новое для каждого запроса.", "The assertion was used before. Make a new one for each request."},
	"use_dpop_nonce":              {"Возьмите nonce из заголовка DPoP-Nonce последнего ответа и подпишите доказательство заново.", "Take the nonce from the header DPoP-Nonce of the last answer and sign the proof anew."},
	"invalid_dpop_proof":          {"Что не так — в конце expected; что пришло — в received.", "What is wrong stands at the end of expected; what came is in received."},
}

// advice is what to do about a code: its own, or what the page of errors says of a code
// of the endpoints.
func (e *explanation) advice(code string) string {
	words, said := advices[code]
	if !said {
		words = [2]string{errorWords[code][1], errorWords[code][3]}
	}
	if e.lang == "en" {
		return words[1]
	}
	return words[0]
}
