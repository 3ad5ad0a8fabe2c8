package directory

import "strings"

// factorTexts are the notices about a person's credentials. Beside the
// replacements of texts they know {factor}, {reason}, {where}, {until}, {name}
// and {count}.
var factorTexts = map[string]struct{ ru, en text }{
	"factor.paused.you": {
		text{"Вход приостановлен: {factor}", "Не принимается {where}: {factor}.\nПричина: {reason}.\n\n" +
			"Блокировка снимется сама {until} (UTC). Если это были не вы, кто-то пытается войти под вашим именем: пароль и коды никому не сообщайте."},
		text{"Sign-in paused: {factor}", "Not accepted {where}: {factor}.\nThe reason: {reason}.\n\n" +
			"The lock ends by itself on {until} (UTC). If it was not you, somebody is trying to sign in as you: tell your password and codes to nobody."},
	},
	"factor.locked.you": {
		text{"Вход заблокирован: {factor}", "Больше не принимается {where}: {factor}.\nПричина: {reason}.\n\n" +
			"Чтобы снять блокировку, восстановите доступ на странице входа или обратитесь к администратору вашей организации. Если это были не вы, кто-то пытается войти под вашим именем."},
		text{"Sign-in locked: {factor}", "No longer accepted {where}: {factor}.\nThe reason: {reason}.\n\n" +
			"To lift the lock, recover access on the sign-in page or ask an administrator of your organisation. If it was not you, somebody is trying to sign in as you."},
	},
	"factors.unlocked.you": {
		text{"Блокировка входа снята", "Блокировка способов входа в вашу учётную запись снята. Вы снова можете войти."},
		text{"The lock on sign-in was lifted", "The lock on your ways to sign in was lifted. You can sign in again."},
	},
	"passkey.added.you": {
		text{"Добавлен ключ доступа", "К вашей учётной записи добавлен ключ доступа «{name}»: им можно войти без пароля. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"A passkey was added", "The passkey \"{name}\" was added to your account: it signs in without a password. If it was not you, turn to support at once."},
	},
	"passkey.removed.you": {
		text{"Ключ доступа удалён", "Из вашей учётной записи удалён ключ доступа «{name}». Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"A passkey was removed", "The passkey \"{name}\" was removed from your account. If it was not you, turn to support at once."},
	},
	"passkey.locked.you": {
		text{"Ключ доступа заблокирован", "Ключ доступа «{name}» больше не принимается.\nПричина: {reason}.\n\nВойдите другим способом, удалите этот ключ и подключите новый. Если вы ключ не копировали, обратитесь в поддержку."},
		text{"A passkey was locked", "The passkey \"{name}\" is no longer accepted.\nThe reason: {reason}.\n\nSign in another way, remove it and connect a new one. If you did not copy the key, turn to support."},
	},
	"recovery_codes.made.you": {
		text{"Созданы новые резервные коды", "Для вашей учётной записи созданы новые резервные коды, прежние больше не действуют. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"New recovery codes were made", "New recovery codes were made for your account; the ones before no longer work. If it was not you, turn to support at once."},
	},
	"recovery_codes.used.you": {
		text{"Использован резервный код, осталось: {count}", "При входе в вашу учётную запись использован резервный код. Осталось кодов: {count}. Если это были не вы, немедленно обратитесь в поддержку."},
		text{"A recovery code was used, {count} left", "A recovery code was used to sign in to your account. Codes left: {count}. If it was not you, turn to support at once."},
	},
	"recovery_codes.removed.you": {
		text{"Резервные коды удалены", "Резервные коды вашей учётной записи удалены и больше не действуют. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"The recovery codes were removed", "The recovery codes of your account were removed and no longer work. If it was not you, turn to support at once."},
	},
	"pin.set.you": {
		text{"Задан ПИН-код: {organisation}", "Для входа в кабинет организации {organisation} задан ПИН-код. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"A PIN was set: {organisation}", "A PIN was set for entering the cabinet of {organisation}. If it was not you, turn to support at once."},
	},
	"pin.changed.you": {
		text{"ПИН-код изменён: {organisation}", "ПИН-код для входа в кабинет организации {organisation} изменён. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"The PIN was changed: {organisation}", "The PIN for entering the cabinet of {organisation} was changed. If it was not you, turn to support at once."},
	},
	"pin.reset.you": {
		text{"ПИН-код сброшен: {organisation}", "ПИН-код для входа в кабинет организации {organisation} сброшен. При следующем входе вы зададите новый. Если вы об этом не просили, немедленно обратитесь в поддержку."},
		text{"The PIN was reset: {organisation}", "The PIN for entering the cabinet of {organisation} was reset. You will set a new one at the next entry. If you did not ask for it, turn to support at once."},
	},
	"device.added.you": {
		text{"Вход с нового устройства: {name}", "В вашу учётную запись вошли с нового устройства: {name}.\nАдрес: {where}. Время: {until} (UTC).\n\nЕсли это были не вы, смените пароль и завершите сеанс этого устройства."},
		text{"Sign-in on a new device: {name}", "Somebody signed in to your account on a new device: {name}.\nAddress: {where}. Time: {until} (UTC).\n\nIf it was not you, change your password and end that device's session."},
	},
	"device.trusted.you": {
		text{"Устройство стало доверенным: {name}", "На устройстве {name} второй фактор не будет запрашиваться до {until} (UTC). Отменить это можно в списке устройств. Если это сделали не вы, смените пароль."},
		text{"A device is trusted now: {name}", "On the device {name} the second factor will not be asked for until {until} (UTC). You can take it back in the list of devices. If it was not you, change your password."},
	},
}

// factorLabels name what was not accepted.
var factorLabels = map[string]struct{ ru, en string }{
	"password": {"пароль", "the password"},
	"totp":     {"код из приложения", "the authenticator's code"},
	"sms":      {"код из SMS", "the code by SMS"},
	"email":    {"код из письма", "the code by e-mail"},
	"recovery": {"резервный код", "the recovery code"},
	"pin":      {"ПИН-код", "the PIN"},
}

func factorLabel(lang, factor string) string {
	kind, _, _ := strings.Cut(factor, ".") // sms.contact is a code by SMS
	label, ok := factorLabels[kind]
	switch {
	case !ok:
		return factor
	case lang == "en":
		return label.en
	default:
		return label.ru
	}
}

var lockReasons = map[LockReason]struct{ ru, en string }{
	LockedByFailures: {"несколько неверных попыток подряд", "several wrong tries in a row"},
	LockedAsCloned:   {"счётчик ключа пошёл назад, такое бывает, когда ключ скопирован", "the key's counter went back, as it does when a key was copied"},
}

// Label is the reason in words, for a person; lang is "ru" or "en".
func (r LockReason) Label(lang string) string {
	if lang == "en" {
		return lockReasons[r].en
	}
	return lockReasons[r].ru
}

// whereLocked says which devices a lock is about.
func whereLocked(lang string, l FactorLock) string {
	switch {
	case l.Factor == "pin" && lang == "en":
		return "when entering the organisation's cabinet"
	case l.Factor == "pin":
		return "при входе в кабинет организации"
	case l.Scope == "" && lang == "en":
		return "on devices where you have not signed in before"
	case l.Scope == "":
		return "с устройств, на которых вы ещё не входили"
	case lang == "en":
		return "on one of your devices"
	default:
		return "с одного из ваших устройств"
	}
}
