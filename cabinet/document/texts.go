package document

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/signature"
)

// problems are what only this room refuses for.
var problems = map[string]api.Text{
	"document_archived": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Документ в архиве", Detail: "Архивный документ можно только читать. Чтобы изменить его, сначала верните из архива."},
		EN: api.Saying{Title: "The document is archived", Detail: "An archived document is only read. To change it, take it out of the archive first."}},
	"document_active": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Документ не в архиве", Detail: "Возвращать нечего: документ действует."},
		EN: api.Saying{Title: "The document is not archived", Detail: "There is nothing to take out: the document is active."}},
	"document_signed": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Документ подписан", Detail: "Подписанный документ не удаляется: подпись должна остаться доказуемой. Его можно перенести в архив."},
		EN: api.Saying{Title: "The document is signed", Detail: "A signed document is not deleted: the signature must stay provable. It can be archived."}},
	"document_shared": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Документ передан", Detail: "Получатель ещё может его открыть. Сначала отзовите передачу."},
		EN: api.Saying{Title: "The document is shared", Detail: "Its recipient can still open it. Revoke the share first."}},
	"document_in_use": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Документ используется", Detail: "Файл приложен к отчёту, заявлению или другому делу организации и хранится вместе с ним. Документ можно перенести в архив."},
		EN: api.Saying{Title: "The document is in use", Detail: "Its file belongs to a filing, an application or another matter of the organisation. The document can be archived."}},
	"document_received": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Документ получен, а не загружен", Detail: "Полученные документы не заменяются и не удаляются. Документ можно перенести в архив."},
		EN: api.Saying{Title: "The document was received", Detail: "Received documents are not replaced or deleted. The document can be archived."}},
	"document_same": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Версия не отличается", Detail: "Содержимое файла такое же, как у нынешней версии."},
		EN: api.Saying{Title: "The version is the same", Detail: "The bytes are those of the present version."}},
	"document_share_over": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Передача уже закончена", Detail: "Она отозвана, её срок истёк, или ссылка уже использована."},
		EN: api.Saying{Title: "The share is over", Detail: "It was revoked, has expired, or its link was used."}},
	"document_shares_many": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Слишком много передач", Detail: "Один документ передаётся не больше 200 раз. Загрузите его как новый документ."},
		EN: api.Saying{Title: "Too many shares", Detail: "A document is shared at most 200 times. Upload it as a new document."}},
	"document_versions_many": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Слишком много версий", Detail: "У документа их уже тысяча. Загрузите следующую как новый документ."},
		EN: api.Saying{Title: "Too many versions", Detail: "The document has a thousand. Upload the next one as a new document."}},
	"document_links_many": {Status: http.StatusTooManyRequests,
		RU: api.Saying{Title: "Слишком много ссылок за сутки", Detail: "Организация отправляет по почте не больше 200 ссылок за 24 часа. Передайте документ организации по ИНН или продолжите завтра."},
		EN: api.Saying{Title: "Too many links today", Detail: "An organisation mails 200 links in 24 hours at most. Hand the document to an organisation by its ИНН, or go on tomorrow."}},
	"document_share_own": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Получатель и отправитель одно лицо", Detail: "Укажите ИНН другой организации."},
		EN: api.Saying{Title: "Sender and recipient are the same", Detail: "Name another organisation's ИНН."}},
	"document_not_asked": {Status: http.StatusForbidden,
		RU: api.Saying{Title: "Подпись не запрошена", Detail: "Отправитель передал документ без просьбы о подписи. Попросите его передать документ на подпись."},
		EN: api.Saying{Title: "No signature was asked for", Detail: "The sender did not ask for one. Ask to be handed the document for signing."}},
	"document_link": {Status: http.StatusNotFound,
		RU: api.Saying{Title: "Ссылка не действует", Detail: "Она уже использована, отозвана, или её срок истёк. Попросите отправителя прислать новую."},
		EN: api.Saying{Title: "The link does not work", Detail: "It was used or revoked, or has expired. Ask the sender for a new one."}},
	"document_signature_refused": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Подпись не принята", Detail: "Ниже перечислены проверки, которые она не прошла. Подпишите файл документа отсоединённой подписью ещё раз."},
		EN: api.Saying{Title: "The signature is refused", Detail: "The checks that failed are listed below. Sign the document's file with a detached signature again."}},
	"document_signer": {Status: http.StatusForbidden,
		RU: api.Saying{Title: "Подписал не тот, кто вправе", Detail: "Сертификат должен принадлежать организации, вам самим с подтверждёнными СНИЛС или ИНН либо представителю по доверенности, по которой вы действуете."},
		EN: api.Saying{Title: "Signed by somebody who may not", Detail: "The certificate must be the organisation's, your own with a confirmed СНИЛС or ИНН, or that of the representative whose power of attorney you act under."}},
	"document_signature_exists": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Этим сертификатом уже подписано", Detail: "Подпись этим сертификатом у версии уже есть, или подписей уже пятьдесят."},
		EN: api.Saying{Title: "Signed by this certificate already", Detail: "The version has this certificate's signature, or fifty signatures."}},
	"document_sign_large": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Файл слишком велик для подписи", Detail: "В кабинете подписываются файлы до 32 МБ."},
		EN: api.Saying{Title: "The file is too large to be signed", Detail: "Files up to 32 MB are signed in the cabinet."}},
	"document_uploads_many": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Слишком много незаконченных загрузок", Detail: "У организации их уже двадцать. Закончите или отмените одну из них."},
		EN: api.Saying{Title: "Too many unfinished uploads", Detail: "The organisation has twenty. Finish or abandon one of them."}},
	"document_offset": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Часть не с того места", Detail: "Следующая часть начинается с байта {offset}. Продолжите с него."},
		EN: api.Saying{Title: "The piece begins elsewhere", Detail: "The next piece begins at byte {offset}. Go on from there."}},
	"document_offset_missing": {Status: http.StatusBadRequest,
		RU: api.Saying{Title: "Не указано место части", Detail: "Укажите в заголовке Upload-Offset номер первого байта части."},
		EN: api.Saying{Title: "The piece has no place", Detail: "Name the piece's first byte in the header Upload-Offset."}},
	"document_piece": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Часть неверного размера", Detail: "Часть имеет от 256 КиБ до 16 МиБ, последняя может быть меньше; больше оставшегося не принимается."},
		EN: api.Saying{Title: "The piece has a wrong size", Detail: "A piece has 256 KiB to 16 MiB, the last one may be smaller; more than is left is not taken."}},
	"document_digest": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Байты исказились в пути", Detail: "Их SHA-256 не совпадает с указанным. Отправьте их ещё раз."},
		EN: api.Saying{Title: "The bytes changed on their way", Detail: "Their SHA-256 is not the one given. Send them again."}},
	"document_digest_malformed": {Status: http.StatusBadRequest,
		RU: api.Saying{Title: "Неверный Content-Digest", Detail: "Заголовок имеет вид sha-256=:BASE64: (RFC 9530)."},
		EN: api.Saying{Title: "Malformed Content-Digest", Detail: "The header looks like sha-256=:BASE64: (RFC 9530)."}},
	"document_unfinished": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Загрузка не закончена", Detail: "Получены не все байты. Узнайте в Upload-Offset, с какого продолжить."},
		EN: api.Saying{Title: "The upload is not complete", Detail: "Not every byte is here. Upload-Offset says where to go on."}},
}

// fieldTexts say what is wrong with a field, and what each check of a signature
// found.
func fieldTexts() map[string]api.FieldText {
	all := map[string]api.FieldText{
		"recipient":               {RU: "Укажите ИНН организации или адрес электронной почты.", EN: "Give an organisation's ИНН or an e-mail address."},
		"recipient_unknown":       {RU: "Организации с таким ИНН нет в системе. Передайте документ по электронной почте.", EN: "No organisation of this ИНН has a cabinet here. Share the document by e-mail."},
		"recipient_own":           {RU: "Это ваша собственная организация.", EN: "This is your own organisation."},
		"file.required":           {RU: "Приложите хотя бы один файл.", EN: "Attach one file at least."},
		"file.too_many":           {RU: "Слишком много файлов в одном запросе.", EN: "Too many files in one request."},
		"valid_until.format":      {RU: "Укажите дату в виде 2026-12-31.", EN: "Write the date like 2026-12-31."},
		"name.not_allowed":        {RU: "Название задаётся, когда файл один.", EN: "A name is given when there is one file."},
		"expires_at.out_of_range": {RU: "Срок должен быть в будущем; ссылка действует не дольше 30 дней.", EN: "The term must be in the future; a link works for 30 days at most."},
	}
	for _, code := range signature.Codes() {
		all["signature_"+string(code)] = api.FieldText{RU: signature.Text(code, signature.Russian), EN: signature.Text(code, signature.English)}
	}
	return all
}
