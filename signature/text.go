package signature

import "propusk/signature/pki"

// Languages of texts.
const (
	Russian = "ru"
	English = "en"
)

// text is a sentence in both languages: what is wrong and what helps.
type text struct{ ru, en string }

func (t text) in(language string) string {
	if language == English {
		return t.en
	}
	return t.ru
}

// Text returns the sentence of a code in a language, Russian unless English is
// asked for. An unknown code gives itself.
func Text(code Code, language string) string {
	t, known := texts[code]
	if !known {
		return string(code)
	}
	return t.in(language)
}

// Codes returns every code that a verdict can carry.
func Codes() []Code {
	codes := make([]Code, 0, len(texts))
	for code := range texts {
		codes = append(codes, code)
	}
	return codes
}

// passed is what each check says when it passes.
var passed = map[CheckName]text{
	CheckFormat:        {"Файл подписи соответствует профилю.", "The signature file keeps to the profile."},
	CheckDigest:        {"Документ не изменялся после подписания.", "The document has not changed since it was signed."},
	CheckSignature:     {"Значение подписи верно.", "The signature value is right."},
	CheckBinding:       {"Подпись связана с этим сертификатом.", "The signature is bound to this certificate."},
	CheckChain:         {"Сертификат выдан доверенным удостоверяющим центром.", "The certificate was issued by a trusted authority."},
	CheckAccreditation: {"Удостоверяющий центр был аккредитован, когда выдавал сертификат.", "The authority was accredited when it issued the certificate."},
	CheckValidity:      {"Срок действия сертификатов не нарушен.", "The certificates are within their validity."},
	CheckRevocation:    {"Сертификаты не отозваны.", "The certificates are not revoked."},
	CheckUsage:         {"Сертификатом можно подписывать документы и подтверждать личность.", "The certificate may sign documents and prove identity."},
	CheckSubject:       {"Владелец сертификата определён.", "The certificate's owner is known."},
}

// texts holds the sentence of every code.
var texts = map[Code]text{
	OK:         {"Подпись принята.", "The signature is accepted."},
	NotChecked: {"Не проверялось: не пройдена предыдущая проверка.", "Not checked: an earlier check failed."},

	TooLarge:            {"Файл подписи больше 64 КиБ. Загрузите отсоединённую подпись без вложенного документа.", "The signature file is larger than 64 KiB. Upload a detached signature without the document inside."},
	Empty:               {"Файл подписи пуст. Загрузите файл .p7s или .sig.", "The signature file is empty. Upload a .p7s or .sig file."},
	pki.NotDER:          {"Файл повреждён или записан не в кодировке DER. Сохраните подпись в формате DER и загрузите снова.", "The file is damaged or not encoded in DER. Save the signature as DER and upload it again."},
	pki.TrailingBytes:   {"После подписи в файле есть лишние данные. Загрузите исходный файл подписи.", "There is extra data after the signature. Upload the original signature file."},
	pki.Malformed:       {"Файл не является подписью CMS. Загрузите файл .p7s или .sig.", "The file is no CMS signature. Upload a .p7s or .sig file."},
	NotSignedData:       {"Это не подпись: файл содержит данные CMS другого вида.", "This is no signature: the file holds CMS data of another kind."},
	ContentAttached:     {"Подпись содержит документ внутри. Нужна отсоединённая подпись: создайте её с параметром «отделённая».", "The signature carries the document inside. A detached signature is needed: create it with the option \"detached\"."},
	ContentTypeNotData:  {"Подписаны данные особого вида, а не документ.", "Data of a special kind was signed, not a document."},
	SignersNone:         {"В файле нет ни одной подписи, только сертификаты.", "The file has no signature, only certificates."},
	SignersSeveral:      {"В файле несколько подписей. Нужна подпись одного человека.", "The file has several signatures. One person's signature is needed."},
	CertificatesTooMany: {"В файле слишком много сертификатов.", "The file has too many certificates."},

	SignerCertificateMissing:  {"В подписи нет сертификата подписавшего. Включите его при создании подписи.", "The signer's certificate is missing. Include it when you sign."},
	SignedAttributesMissing:   {"В подписи нет подписанных атрибутов. Создайте подпись в формате CAdES-BES.", "The signature has no signed attributes. Create it as CAdES-BES."},
	AttributeMalformed:        {"Атрибут подписи записан неверно.", "An attribute of the signature is malformed."},
	AttributeRepeated:         {"Атрибут подписи повторяется.", "An attribute of the signature is repeated."},
	AttributesUnsorted:        {"Подписанные атрибуты записаны не в порядке DER.", "The signed attributes are not in DER order."},
	ContentTypeMissing:        {"В подписи нет атрибута «тип содержимого».", "The attribute contentType is missing."},
	MessageDigestMissing:      {"В подписи нет атрибута «хэш документа».", "The attribute messageDigest is missing."},
	SigningCertificateMissing: {"Подпись не связана с сертификатом: нет атрибута signingCertificateV2. Создайте подпись в формате CAdES-BES.", "The signature is not bound to a certificate: the attribute signingCertificateV2 is missing. Create it as CAdES-BES."},
	DigestNotForKey:           {"Хэш-функция подписи не соответствует ключу.", "The signature's hash function is not the one for its key."},
	DigestAlgorithmsDiffer:    {"В подписи названы разные хэш-функции.", "The signature names different hash functions."},

	pki.AlgorithmRefused: {"Алгоритм подписи не допускается.", "The signature algorithm is not allowed."},
	pki.GOST2001Refused:  {"ГОСТ Р 34.10-2001 больше не допускается. Получите сертификат по ГОСТ Р 34.10-2012.", "GOST R 34.10-2001 is no longer allowed. Get a certificate with GOST R 34.10-2012."},
	pki.GOST94Refused:    {"Хэш-функция ГОСТ Р 34.11-94 больше не допускается. Нужна ГОСТ Р 34.11-2012.", "The hash function GOST R 34.11-94 is no longer allowed. GOST R 34.11-2012 is needed."},
	pki.SHA1Refused:      {"Хэш-функция SHA-1 ненадёжна и не допускается. Нужна SHA-256 или новее.", "The hash function SHA-1 is broken and not allowed. SHA-256 or newer is needed."},
	pki.MD5Refused:       {"Хэш-функция MD5 ненадёжна и не допускается. Нужна SHA-256 или новее.", "The hash function MD5 is broken and not allowed. SHA-256 or newer is needed."},
	pki.RSATooShort:      {"Ключ RSA короче 2048 бит и не допускается. Получите новый сертификат.", "The RSA key is shorter than 2048 bits and not allowed. Get a new certificate."},
	pki.RSAExponent:      {"Открытая экспонента ключа RSA не допускается. Получите новый сертификат.", "The RSA key's public exponent is not allowed. Get a new certificate."},
	pki.CurveRefused:     {"Эллиптическая кривая ключа не допускается.", "The key's elliptic curve is not allowed."},
	pki.CurveExplicit:    {"Кривая ключа задана числами, а не именем; такие ключи не допускаются.", "The key's curve is given by numbers, not by name; such keys are not allowed."},
	pki.KeyMalformed:     {"Открытый ключ сертификата записан неверно.", "The certificate's public key is malformed."},
	pki.KeyOffCurve:      {"Открытый ключ сертификата не лежит на своей кривой.", "The certificate's public key is not on its curve."},
	pki.AlgorithmFamily:  {"Алгоритмы подписи, ключа и сертификатов не сочетаются.", "The algorithms of signature, key and certificates do not go together."},
	pki.SignatureWrong:   {"Значение подписи неверно: подпись повреждена или сделана другим ключом.", "The signature value is wrong: it is damaged or made by another key."},

	DigestMismatch:             {"Документ изменён после подписания или подписан другой документ.", "The document was changed after signing, or another document was signed."},
	SigningCertificateMismatch: {"Подпись сделана с другим сертификатом, чем приложен.", "The signature was made with another certificate than the one enclosed."},
	SignerIdentifierMismatch:   {"Подпись называет подписавшим другой сертификат.", "The signature names another certificate as the signer's."},

	pki.CertificateMalformed:     {"Сертификат записан неверно.", "The certificate is malformed."},
	pki.IssuerUnknown:            {"Удостоверяющий центр не входит в список доверенных.", "The authority is not on the list of trusted ones."},
	pki.IssuerSignature:          {"Сертификат лишь назван выданным этим удостоверяющим центром, но выдан не им.", "The certificate only bears this authority's name; it was issued by someone else."},
	pki.IssuerNotCA:              {"Сертификат выдан тем, кто не является удостоверяющим центром.", "The certificate was issued by someone who is no authority."},
	pki.IssuerKeyUsage:           {"Удостоверяющий центр не имел права выдавать сертификаты этим ключом.", "The authority was not entitled to issue certificates by this key."},
	pki.SelfSigned:               {"Сертификат самоподписанный: его не выдавал удостоверяющий центр.", "The certificate is self-signed: no authority issued it."},
	pki.PathLength:               {"Цепочка сертификатов длиннее, чем разрешил удостоверяющий центр.", "The chain is longer than its authority allows."},
	pki.PathTooComplex:           {"Цепочка сертификатов слишком длинная или запутанная.", "The chain is too long or too tangled."},
	pki.NameConstraint:           {"Удостоверяющий центр не имел права выдавать сертификаты на такое имя.", "The authority was not entitled to issue certificates for this name."},
	pki.CriticalExtensionUnknown: {"В сертификате есть обязательное для понимания дополнение, которое нам неизвестно.", "The certificate has a critical extension that we do not know."},

	AuthorityNotAccredited:     {"Удостоверяющий центр не аккредитован.", "The authority is not accredited."},
	AuthorityNotAccreditedThen: {"Удостоверяющий центр не был аккредитован в день выдачи сертификата.", "The authority was not accredited on the day it issued the certificate."},

	CertificateExpired:     {"Срок действия сертификата истёк. Выберите другой или получите новый в удостоверяющем центре.", "The certificate has expired. Choose another, or get a new one from the authority."},
	CertificateNotYetValid: {"Срок действия сертификата ещё не начался.", "The certificate is not valid yet."},
	IssuerExpired:          {"Срок действия сертификата удостоверяющего центра истёк.", "The authority's certificate has expired."},
	IssuerNotYetValid:      {"Срок действия сертификата удостоверяющего центра ещё не начался.", "The authority's certificate is not valid yet."},
	PrivateKeyPeriod:       {"Срок, в который можно подписывать этим ключом, истёк или не начался.", "The period in which this key may sign is over or has not begun."},

	CertificateRevoked:   {"Сертификат отозван. Обратитесь в удостоверяющий центр.", "The certificate is revoked. Contact the authority."},
	IssuerRevoked:        {"Сертификат удостоверяющего центра отозван.", "The authority's certificate is revoked."},
	CRLMissing:           {"Нет списка отозванных сертификатов этого удостоверяющего центра: нельзя узнать, не отозван ли сертификат.", "There is no revocation list of this authority: it cannot be known whether the certificate is revoked."},
	pki.CRLMalformed:     {"Список отозванных сертификатов записан неверно.", "The revocation list is malformed."},
	pki.CRLForged:        {"Список отозванных сертификатов подписан не удостоверяющим центром.", "The revocation list is not signed by the authority."},
	pki.CRLScope:         {"Список отозванных сертификатов относится к другим сертификатам.", "The revocation list is about other certificates."},
	pki.CRLDelta:         {"Получен разностный список отозванных сертификатов; нужен полный.", "A delta revocation list was given; a full one is needed."},
	pki.CRLStale:         {"Список отозванных сертификатов устарел.", "The revocation list is stale."},
	pki.CRLNotYetValid:   {"Список отозванных сертификатов выпущен позже проверяемого времени.", "The revocation list is later than the time in question."},
	CRLRollback:          {"Получен более старый список отозванных сертификатов, чем уже известный.", "An older revocation list was given than the one known."},
	pki.OCSPMalformed:    {"Ответ службы проверки сертификатов записан неверно.", "The OCSP answer is malformed."},
	pki.OCSPStatus:       {"Служба проверки сертификатов отказала в ответе.", "The OCSP responder refused to answer."},
	pki.OCSPSigner:       {"Ответ о сертификате подписан тем, кто не имеет на это права.", "The OCSP answer is signed by someone who is not entitled to."},
	pki.OCSPForged:       {"Подпись ответа службы проверки сертификатов неверна.", "The signature of the OCSP answer is wrong."},
	pki.OCSPNonce:        {"Ответ службы проверки сертификатов дан не на наш запрос.", "The OCSP answer is not to our question."},
	pki.OCSPStale:        {"Ответ службы проверки сертификатов устарел.", "The OCSP answer is stale."},
	pki.OCSPOther:        {"Ответ службы проверки сертификатов относится к другому сертификату.", "The OCSP answer is about another certificate."},
	OCSPUnavailable:      {"Служба проверки сертификатов недоступна.", "The OCSP responder cannot be reached."},
	OCSPUnknown:          {"Служба проверки не знает этого сертификата.", "The OCSP responder does not know this certificate."},
	RevocationFailedOpen: {"Отзыв не проверен: действует решение оператора принимать подписи этого удостоверяющего центра без проверки.", "Revocation was not checked: by the operator's decision signatures of this authority are accepted without."},

	KeyUsage:           {"Сертификат не предназначен для подписи.", "The certificate is not meant for signing."},
	ExtendedKeyUsage:   {"Сертификат предназначен для другого: им нельзя подтверждать личность.", "The certificate is meant for something else: it cannot prove identity."},
	PolicyClassMissing: {"В сертификате не указан класс средств электронной подписи: он не квалифицированный.", "The certificate names no class of signing means: it is not a qualified one."},
	PolicyClassLow:     {"Класс средств электронной подписи ниже требуемого.", "The class of signing means is lower than required."},

	SubjectIdentifierMissing: {"В сертификате нет СНИЛС, ИНН или ОГРН: владельца определить нельзя.", "The certificate has no СНИЛС, ИНН or ОГРН: its owner cannot be known."},
	SubjectAttributeRepeated: {"Номер владельца указан в сертификате дважды.", "A number of the owner occurs twice in the certificate."},
	SubjectMalformed:         {"Имя владельца сертификата записано неверно.", "The owner's name in the certificate is malformed."},
	SubjectINN:               {"ИНН в сертификате неверен.", "The ИНН in the certificate is wrong."},
	SubjectINNLE:             {"ИНН организации в сертификате неверен.", "The organisation's ИНН in the certificate is wrong."},
	SubjectOGRN:              {"ОГРН в сертификате неверен.", "The ОГРН in the certificate is wrong."},
	SubjectOGRNIP:            {"ОГРНИП в сертификате неверен.", "The ОГРНИП in the certificate is wrong."},
	SubjectSNILS:             {"СНИЛС в сертификате неверен.", "The СНИЛС in the certificate is wrong."},
	SubjectContradiction:     {"Номера владельца в сертификате противоречат друг другу.", "The owner's numbers in the certificate contradict each other."},
	SubjectOtherPerson:       {"Подписал другой человек.", "Another person signed."},
	SubjectOtherOrganisation: {"Подпись сделана от имени другой организации.", "The signature is made in another organisation's name."},
}
