package directory

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
)

// Role is a named set of permissions that a member holds in one organisation.
type Role string

// The seven roles. Their labels and sets stand in the table below.
const (
	Administrator Role = "administrator"
	Head          Role = "head"
	Manager       Role = "manager"
	Accountant    Role = "accountant"
	Operator      Role = "operator"
	Observer      Role = "observer"
	Controller    Role = "controller"
)

// Permission is one right inside an organisation. Its name is also the scope by
// which a client asks for it at the API (RFC 6749 §3.3).
type Permission string

// The permissions, in the order in which they are shown.
const (
	OrganizationRead  Permission = "organization:read"
	OrganizationWrite Permission = "organization:write"
	MembersRead       Permission = "members:read"
	MembersWrite      Permission = "members:write"
	JournalRead       Permission = "journal:read"
	FilingsRead       Permission = "filings:read"
	FilingsWrite      Permission = "filings:write"
	FilingsSign       Permission = "filings:sign"
	ExtractsRead      Permission = "extracts:read"
	DocumentsRead     Permission = "documents:read"
	DocumentsWrite    Permission = "documents:write"
	DocumentsSign     Permission = "documents:sign"
	RequestsRead      Permission = "requests:read"
	RequestsWrite     Permission = "requests:write"
	FinanceRead       Permission = "finance:read"
	FinanceWrite      Permission = "finance:write"
	ClientsRead       Permission = "clients:read"
	ClientsWrite      Permission = "clients:write"
	PowersRead        Permission = "powers:read"
	PowersWrite       Permission = "powers:write"
	TendersRead       Permission = "tenders:read"
	TendersWrite      Permission = "tenders:write"
	TendersSign       Permission = "tenders:sign"
)

type labels struct{ ru, en string }

func (l labels) in(lang string) string {
	if lang == "en" {
		return l.en
	}
	return l.ru
}

var permissionTable = []struct {
	permission Permission
	labels
}{
	{OrganizationRead, labels{"Просмотр данных организации", "View the organisation's details"}},
	{OrganizationWrite, labels{"Изменение данных организации", "Change the organisation's details"}},
	{MembersRead, labels{"Просмотр сотрудников", "View members"}},
	{MembersWrite, labels{"Управление сотрудниками", "Manage members"}},
	{JournalRead, labels{"Просмотр журнала действий", "View the journal"}},
	{FilingsRead, labels{"Просмотр отчётности", "View filings"}},
	{FilingsWrite, labels{"Подготовка отчётности", "Prepare filings"}},
	{FilingsSign, labels{"Подписание и отправка отчётности", "Sign and send filings"}},
	{ExtractsRead, labels{"Получение выписок", "Get register extracts"}},
	{DocumentsRead, labels{"Просмотр документов", "View documents"}},
	{DocumentsWrite, labels{"Загрузка и изменение документов", "Upload and change documents"}},
	{DocumentsSign, labels{"Подписание документов", "Sign documents"}},
	{RequestsRead, labels{"Просмотр заявлений", "View applications"}},
	{RequestsWrite, labels{"Подача заявлений", "File applications"}},
	{FinanceRead, labels{"Просмотр финансов", "View finances"}},
	{FinanceWrite, labels{"Платежи и счета", "Make payments and invoices"}},
	{ClientsRead, labels{"Просмотр приложений", "View applications' access"}},
	{ClientsWrite, labels{"Управление приложениями", "Manage applications' access"}},
	{PowersRead, labels{"Просмотр доверенностей", "View powers of attorney"}},
	{PowersWrite, labels{"Управление доверенностями", "Manage powers of attorney"}},
	{TendersRead, labels{"Просмотр закупок", "View tenders"}},
	{TendersWrite, labels{"Подготовка заявок на закупки", "Prepare tender applications"}},
	{TendersSign, labels{"Подписание и отправка заявок на закупки", "Sign and send tender applications"}},
}

// roleTable says what each role may do. The administrator may do everything;
// the head runs the organisation but neither pays nor hands out API access; the
// manager and the operator see no money; only those who answer for a filing
// sign it; the observer sees and the controller also sees the journal.
var roleTable = []struct {
	role Role
	labels
	permissions []Permission
}{
	{Administrator, labels{"Администратор", "Administrator"}, Permissions()},
	{Head, labels{"Руководитель", "Head"}, []Permission{
		OrganizationRead, OrganizationWrite, MembersRead, MembersWrite, JournalRead,
		FilingsRead, FilingsWrite, FilingsSign, ExtractsRead, DocumentsRead, DocumentsWrite, DocumentsSign,
		RequestsRead, RequestsWrite, FinanceRead, ClientsRead, PowersRead, PowersWrite,
		TendersRead, TendersWrite, TendersSign,
	}},
	{Manager, labels{"Менеджер", "Manager"}, []Permission{
		OrganizationRead, MembersRead, FilingsRead, FilingsWrite, ExtractsRead,
		DocumentsRead, DocumentsWrite, DocumentsSign, RequestsRead, RequestsWrite, PowersRead, TendersRead, TendersWrite,
	}},
	{Accountant, labels{"Бухгалтер", "Accountant"}, []Permission{
		OrganizationRead, MembersRead, FilingsRead, FilingsWrite, FilingsSign, ExtractsRead,
		DocumentsRead, DocumentsWrite, RequestsRead, FinanceRead, PowersRead, TendersRead,
	}},
	{Operator, labels{"Оператор", "Operator"}, []Permission{
		OrganizationRead, FilingsRead, FilingsWrite, ExtractsRead,
		DocumentsRead, DocumentsWrite, RequestsRead, RequestsWrite, TendersRead, TendersWrite,
	}},
	{Observer, labels{"Наблюдатель", "Observer"}, []Permission{
		OrganizationRead, MembersRead, FilingsRead, ExtractsRead,
		DocumentsRead, RequestsRead, FinanceRead, PowersRead, TendersRead,
	}},
	{Controller, labels{"Контролёр", "Controller"}, []Permission{
		OrganizationRead, MembersRead, JournalRead, FilingsRead, ExtractsRead,
		DocumentsRead, RequestsRead, FinanceRead, ClientsRead, PowersRead, TendersRead,
	}},
}

// permissionSet is a set of permissions, one bit for each, in the order of
// their names.
type permissionSet uint32

var (
	permissionNames = sortedNames()
	permissionBits  = indexPermissions()
	roleSets        = indexRoles()
)

func sortedNames() []Permission {
	names := Permissions()
	slices.Sort(names)
	return names
}

func indexPermissions() map[Permission]permissionSet {
	index := make(map[Permission]permissionSet, len(permissionNames))
	for i, name := range permissionNames {
		index[name] = 1 << i
	}
	return index
}

func indexRoles() map[Role]permissionSet {
	index := make(map[Role]permissionSet, len(roleTable))
	for _, row := range roleTable {
		index[row.role] = setOf(row.permissions)
	}
	return index
}

func setOf(permissions []Permission) permissionSet {
	var set permissionSet
	for _, p := range permissions {
		set |= permissionBits[p]
	}
	return set
}

// covers reports whether s holds everything that other holds.
func (s permissionSet) covers(other permissionSet) bool { return other&^s == 0 }

// list returns the set, sorted by name.
func (s permissionSet) list() []Permission {
	list := make([]Permission, 0, bits.OnesCount32(uint32(s)))
	for i, name := range permissionNames {
		if s&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	return list
}

// effective is what a role with individual grants and denials comes to. A
// denial wins over the role and over a grant.
func effective(role Role, grants, denials []Permission) permissionSet {
	return (roleSets[role] | setOf(grants)) &^ setOf(denials)
}

// Roles lists the roles in the order in which they are offered.
func Roles() []Role {
	list := make([]Role, len(roleTable))
	for i, row := range roleTable {
		list[i] = row.role
	}
	return list
}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { _, ok := roleSets[r]; return ok }

// Label is the role's name in lang ("en", anything else is Russian).
func (r Role) Label(lang string) string {
	for _, row := range roleTable {
		if row.role == r {
			return row.in(lang)
		}
	}
	return string(r)
}

// Permissions is what the role holds before individual grants and denials,
// sorted by name.
func (r Role) Permissions() []Permission { return roleSets[r].list() }

// Permissions lists every permission in the order in which they are shown.
func Permissions() []Permission {
	list := make([]Permission, len(permissionTable))
	for i, row := range permissionTable {
		list[i] = row.permission
	}
	return list
}

// Valid reports whether p is one of the permissions.
func (p Permission) Valid() bool { _, ok := permissionBits[p]; return ok }

// Label says what the permission allows in lang ("en", anything else is
// Russian).
func (p Permission) Label(lang string) string {
	for _, row := range permissionTable {
		if row.permission == p {
			return row.in(lang)
		}
	}
	return string(p)
}

// PermissionList is how grants and denials are stored: a JSON array in a TEXT
// column.
type PermissionList []Permission

// Value implements driver.Valuer; an empty list is "[]", never null.
func (l PermissionList) Value() (driver.Value, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal([]Permission(l))
	return string(text), err
}

// Scan implements sql.Scanner.
func (l *PermissionList) Scan(src any) error {
	var text []byte
	switch v := src.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("directory: permissions stored as %T", src)
	}
	if string(text) == "[]" {
		*l = nil
		return nil
	}
	return json.Unmarshal(text, (*[]Permission)(l))
}
