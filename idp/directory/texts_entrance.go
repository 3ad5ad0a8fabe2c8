package directory

import (
	"context"
	"errors"

	"propusk/storage"
)

// entranceTexts are the notices of registration and recovery. Beside the
// replacements of texts they know {until} and {link}.
var entranceTexts = map[string]struct{ ru, en text }{
	"person.confirmed.you": {
		text{"Ваша личность подтверждена", "Ваша учётная запись стала подтверждённой. Теперь вы можете зарегистрировать организацию и стать её руководителем в кабинете."},
		text{"Your identity is confirmed", "Your account is confirmed now. You can register an organisation and be its head in the cabinet."},
	},
	"recovery.password_done.you": {
		text{"Доступ восстановлен, пароль изменён", "Пароль вашей учётной записи изменён через восстановление доступа. Все прежние входы завершены. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"Access was recovered, the password changed", "The password of your account was changed by a recovery of access. All sign-ins before it have ended. If it was not you, turn to support at once."},
	},
	"recovery.pin_done.you": {
		text{"ПИН-код изменён", "ПИН-код вашего кабинета изменён через восстановление доступа. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"The PIN was changed", "The PIN of your cabinet was changed by a recovery of access. If it was not you, turn to support at once."},
	},
	"recovery.waiting.you": {
		text{"Запрошено восстановление доступа к вашей учётной записи", "Кто-то восстанавливает доступ к вашей учётной записи. Если это вы, ничего делать не нужно: ссылка придёт {until} (UTC).\n\nЕсли это не вы, остановите восстановление:\n{link}\n\nОно остановится и тогда, когда вы войдёте со вторым фактором."},
		text{"A recovery of your account was asked for", "Somebody is recovering access to your account. If it is you, there is nothing to do: the link will come on {until} (UTC).\n\nIf it is not you, stop the recovery:\n{link}\n\nIt also stops when you sign in with your second factor."},
	},
	"recovery.cancelled.you": {
		text{"Восстановление доступа остановлено", "Восстановление доступа к вашей учётной записи остановлено. Пароль и другие способы входа не изменились."},
		text{"The recovery of access was stopped", "The recovery of access to your account was stopped. The password and the other ways to sign in have not changed."},
	},
	"recovery.blocked.you": {
		text{"Учётная запись заблокирована", "Кто-то запросил восстановление доступа к вашей учётной записи. Она заблокирована оператором, и восстановление пароля её не откроет. Обратитесь в поддержку."},
		text{"The account is blocked", "Somebody asked to recover access to your account. It is blocked by the operator, and a new password does not open it. Turn to support."},
	},
	"operator.appointed.you": {
		text{"Вы назначены оператором", "Теперь вы можете помогать другим восстанавливать доступ, вместе со вторым оператором."},
		text{"You were appointed an operator", "You may now help others to recover access, together with a second operator."},
	},
	"operator.dismissed.you": {
		text{"Вы больше не оператор", "Вы больше не можете помогать другим восстанавливать доступ."},
		text{"You are no operator any more", "You may no longer help others to recover access."},
	},
}

var recoveryLinkTexts = struct{ ru, en text }{
	text{"Восстановление доступа", `Здравствуйте!

Чтобы задать новый пароль, откройте ссылку:
{link}

Она действует до {until} (UTC) и срабатывает один раз. Мы попросим подтвердить вход ещё одним способом. Если вы не восстанавливаете доступ, не открывайте ссылку и никому её не передавайте.`},
	text{"Recovery of access", `Hello,

to set a new password, open the link:
{link}

It works until {until} (UTC), and once. We shall ask you to prove yourself in one more way. If you are not recovering access, do not open the link, and give it to nobody.`},
}

// ContactHolder is the id of the person whose contact it is, proved or not; ""
// when it is nobody's. For deciding what its message says: nobody else may learn
// it.
func (d *Directory) ContactHolder(ctx context.Context, channel, value string) (string, error) {
	var holder Person
	err := d.db.Get(ctx, &holder, contactStatements[channel].owner, value)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	return holder.ID, wrapped("holder of contact", err)
}

// TellBlocked writes to a blocked person who asks for a recovery.
func (d *Directory) TellBlocked(ctx context.Context, p Person) error {
	return d.notifyPerson(ctx, p, notice{action: "recovery.blocked.you"})
}
