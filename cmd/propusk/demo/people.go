package demo

import "propusk/idp/directory"

// person is one invented person. The password is fixed, so that a reader can
// type it from the documentation.
type person struct {
	key                             string // names the person in this file
	lastName, firstName, middleName string
	email, phone, snils, inn        string
	password                        string
	emailVerified, phoneVerified    bool
	totp                            bool                     // a code generator is set up already
	operator                        []directory.OperatorRole // of the house; nil: none
}

// people are in the order of the start page; the first is the one to try.
var people = []person{
	{
		key: "elena", lastName: "Морозова", firstName: "Елена", middleName: "Сергеевна",
		email: "elena.morozova@severny-mayak.example", phone: "+79210001101", snils: "11244556627", inn: "780400112238",
		password: "Yantar-41-Veter", emailVerified: true, phoneVerified: true, totp: true,
	},
	{
		key: "andrey", lastName: "Соколов", firstName: "Андрей", middleName: "Викторович",
		email: "andrey.sokolov@severny-mayak.example", phone: "+79210001102", snils: "13455667778", inn: "781234567090",
		password: "Gavan-73-Lampa", emailVerified: true, phoneVerified: true, totp: true,
	},
	{
		key: "irina", lastName: "Лебедева", firstName: "Ирина", middleName: "Павловна",
		email: "irina.lebedeva@severny-mayak.example", phone: "+79210001103", snils: "14566778813", inn: "780198765455",
		password: "Kompas-28-Rosa", emailVerified: true, phoneVerified: true, totp: true,
	},
	{
		key: "dmitry", lastName: "Кузнецов", firstName: "Дмитрий", middleName: "Олегович",
		email: "dmitry.kuznetsov@ladoga-verf.example", phone: "+79210001104", snils: "15677889949", inn: "470611223327",
		password: "Shtorm-56-Yakor", emailVerified: true, phoneVerified: true, totp: true,
	},
	{
		// Only the phone is confirmed: the second factor is a code by SMS.
		key: "olga", lastName: "Новикова", firstName: "Ольга", middleName: "Андреевна",
		email: "olga.novikova@ladoga-verf.example", phone: "+79210001105", snils: "16788990055", inn: "773644556685",
		password: "Verba-64-Oblako", phoneVerified: true,
	},
	{
		// Nothing is confirmed: the first sign-in sets up a code generator.
		key: "pavel", lastName: "Фёдоров", firstName: "Павел", middleName: "Николаевич",
		email: "pavel.fedorov@ladoga-verf.example", phone: "+79210001106", snils: "17899001121", inn: "783900112200",
		password: "Bereg-39-Parus",
	},
	{
		// Only the e-mail is confirmed: the second factor is a code by e-mail.
		key: "igor", lastName: "Васильев", firstName: "Игорь", middleName: "Максимович",
		email: "igor.vasiliev@severny-mayak.example", snils: "18900112248", inn: "781622334498",
		password: "Ozero-85-Tuman", emailVerified: true,
	},
	{
		key: "maria", lastName: "Белова", firstName: "Мария", middleName: "Ивановна",
		email: "maria.belova@ladoga-verf.example", phone: "+79210001108", snils: "19111223321", inn: "770155667739",
		password: "Zarya-17-Kamen", emailVerified: true, phoneVerified: true, totp: true,
	},
	{
		// A member of nothing: can sign in, has no organisation to choose.
		key: "anna", lastName: "Орлова", firstName: "Анна", middleName: "Дмитриевна",
		email: "anna.orlova@pochta.example", phone: "+79210001109",
		password: "Malina-92-Sneg", emailVerified: true, phoneVerified: true, totp: true,
	},
	{
		// An operator of the house: the console takes her certificate, and no password.
		key: "vera", lastName: "Седова", firstName: "Вера", middleName: "Николаевна",
		email: "vera.sedova@propusk.example", phone: "+79210001110", snils: "19222334449", inn: "782233445581",
		password: "Klyuch-64-Beton", emailVerified: true, phoneVerified: true, totp: true,
		operator: directory.OperatorRoles(),
	},
	{
		// The second pair of eyes: he agrees to what Vera has begun, and to nothing of his own.
		key: "gleb", lastName: "Тихонов", firstName: "Глеб", middleName: "Романович",
		email: "gleb.tikhonov@propusk.example", phone: "+79210001111", snils: "19333445577", inn: "783344556627",
		password: "Mayatnik-58-Iney", emailVerified: true, phoneVerified: true, totp: true,
		operator: []directory.OperatorRole{directory.OperatorSupport, directory.OperatorModerator},
	},
	{
		// A member of nothing who acts under a power of attorney (shownPowers), and sees it under "my powers".
		key: "schetova", lastName: "Счетова", firstName: "Анна", middleName: "Ильинична",
		email: "schetova.anna@pochta.example", phone: "+79210001112", snils: "15376847200",
		password: "Ryabina-35-Ledok", emailVerified: true, phoneVerified: true, totp: true,
	},
}

// organisation is one invented organisation with its members; the first member
// is its first administrator.
type organisation struct {
	key     string
	is      directory.NewOrganisation
	members []member
}

type member struct {
	person          string // key
	role            directory.Role
	position        string
	grants, denials []directory.Permission
}

var organisations = []organisation{
	{
		key: "mayak",
		is: directory.NewOrganisation{
			Kind: directory.KindLegal, INN: "7801234564", KPP: "780101001", OGRN: "1027800123450",
			Name: "ООО «Северный маяк»", FullName: "Общество с ограниченной ответственностью «Северный маяк»",
			Address: "199034, г. Санкт-Петербург, наб. Лейтенанта Шмидта, д. 7", Phone: "+78120001101", Email: "office@severny-mayak.example",
		},
		members: []member{
			{person: "andrey", role: directory.Administrator, position: "Начальник отдела информационных систем"},
			{person: "irina", role: directory.Head, position: "Генеральный директор"},
			{person: "elena", role: directory.Accountant, position: "Главный бухгалтер"},
			{person: "igor", role: directory.Observer, position: "Аудитор"},
		},
	},
	{
		key: "verfi",
		is: directory.NewOrganisation{
			Kind: directory.KindLegal, INN: "4706012340", KPP: "470601001", OGRN: "1024700332216",
			Name: "АО «Ладожские верфи»", FullName: "Акционерное общество «Ладожские верфи»",
			Address: "187320, Ленинградская обл., г. Шлиссельбург, ул. Затонная, д. 1", Phone: "+78130001102", Email: "office@ladoga-verf.example",
		},
		members: []member{
			{person: "dmitry", role: directory.Administrator, position: "Директор по информационным технологиям"},
			{person: "olga", role: directory.Manager, position: "Менеджер по закупкам", denials: []directory.Permission{directory.PowersRead}},
			{person: "pavel", role: directory.Operator, position: "Оператор склада", grants: []directory.Permission{directory.MembersRead}},
			{person: "maria", role: directory.Controller, position: "Внутренний контролёр"},
		},
	},
	{
		key: "morozova",
		is: directory.NewOrganisation{
			Kind: directory.KindSole, INN: "780400112238", OGRN: "317784700123454",
			Name: "ИП Морозова Елена Сергеевна", FullName: "Индивидуальный предприниматель Морозова Елена Сергеевна",
			Address: "197198, г. Санкт-Петербург, ул. Зверинская, д. 12, кв. 4", Phone: "+79210001101", Email: "elena.morozova@severny-mayak.example",
		},
		members: []member{
			{person: "elena", role: directory.Administrator, position: "Владелец"},
		},
	},
}
