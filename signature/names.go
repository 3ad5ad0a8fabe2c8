package signature

// titles say what each check asks.
var titles = map[CheckName]text{
	CheckFormat:        {"Формат", "Format"},
	CheckDigest:        {"Целостность", "Integrity"},
	CheckSignature:     {"Подпись", "Signature"},
	CheckBinding:       {"Связь с сертификатом", "Binding to the certificate"},
	CheckChain:         {"Удостоверяющий центр", "Authority"},
	CheckAccreditation: {"Аккредитация", "Accreditation"},
	CheckValidity:      {"Срок действия", "Validity"},
	CheckRevocation:    {"Отзыв", "Revocation"},
	CheckUsage:         {"Назначение", "Purpose"},
	CheckSubject:       {"Владелец", "Owner"},
}

// Title names the check in a language, Russian unless English is asked for. An
// unknown name gives itself.
func (n CheckName) Title(language string) string {
	t, known := titles[n]
	if !known {
		return string(n)
	}
	return t.in(language)
}
