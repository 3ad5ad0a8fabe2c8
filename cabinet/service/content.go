package service

import (
	"context"
	"encoding/xml"
	"fmt"

	"propusk/idp/directory"
	"propusk/storage/file"
)

// content is the application as it is signed and sent: a document of its own, that
// says everything which was applied for, with the digests of the files. The same
// version of a draft gives the same bytes each time.
type content struct {
	XMLName   xml.Name         `xml:"Заявление"`
	Form      string           `xml:"ВерсФорм,attr"`
	ID        string           `xml:"Ид,attr"`
	Version   int64            `xml:"Редакция,attr"`
	Date      string           `xml:"ДатаРед,attr"` // when the version was saved
	Service   contentService   `xml:"Услуга"`
	Applicant contentApplicant `xml:"Заявитель"`
	Renews    *contentRenews   `xml:"Продление,omitempty"`
	Fields    []contentField   `xml:"Сведения>Поле"`
	Documents []contentFile    `xml:"Документы>Документ"`
}

type contentService struct {
	Code string `xml:"Код,attr"`
	Name string `xml:"Наим,attr"`
	Body string `xml:"КодОргана,attr"`
}

type contentApplicant struct {
	INN  string `xml:"ИНН,attr"`
	KPP  string `xml:"КПП,attr,omitempty"`
	OGRN string `xml:"ОГРН,attr"`
	Name string `xml:"Наим,attr"`
}

type contentRenews struct {
	Number string `xml:"НомЗаявки,attr"`
}

type contentField struct {
	Name  string `xml:"Имя,attr"`
	Label string `xml:"Наим,attr"`
	Value string `xml:",chardata"`
}

type contentFile struct {
	Document string `xml:"Вид,attr"`
	Name     string `xml:"Имя,attr"`
	Size     int64  `xml:"Размер,attr"`
	SHA256   string `xml:"ХэшSHA256,attr"`
	Signed   bool   `xml:"Подпись,attr"`
}

// Content is what the applicant signs for the present version of a draft, or what
// was signed for a submitted one.
func (d *Desk) Content(ctx context.Context, a *Application) ([]byte, error) {
	if a.State == Submitted {
		return []byte(a.Content), nil
	}
	card, err := a.card()
	if err != nil {
		return nil, err
	}
	o, err := d.Directory.Organisation(ctx, a.OrganisationID)
	if err != nil {
		return nil, err
	}
	files, err := d.records(ctx, a)
	if err != nil {
		return nil, err
	}
	c, err := d.content(ctx, a, card, o, files)
	if err != nil {
		return nil, err
	}
	text, err := xml.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("service: content: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

func (d *Desk) content(ctx context.Context, a *Application, card *Card, o directory.Organisation, files map[string]file.File) (content, error) {
	c := content{
		Form: "1.0", ID: a.ID, Version: a.Version, Date: a.UpdatedAt.Time().Format("2006-01-02T15:04:05Z"),
		Service:   contentService{card.Code, card.Title.RU, card.Body.Code},
		Applicant: contentApplicant{o.INN, o.KPP, o.OGRN, o.Name},
	}
	if a.Renews != "" {
		r, err := d.Inbox.Find(ctx, a.OrganisationID, a.Renews)
		if err != nil {
			return content{}, err
		}
		c.Renews = &contentRenews{r.Number}
	}
	for _, f := range card.Fields {
		if value := a.Fields.V[f.Name]; value != "" {
			c.Fields = append(c.Fields, contentField{f.Name, f.Label.RU, value})
		}
	}
	for _, one := range a.Documents.V {
		f := files[one.File]
		c.Documents = append(c.Documents, contentFile{one.Document, f.Name, f.Size, f.SHA256, one.Signature != ""})
	}
	return c, nil
}

// records are the files of the application's documents, and of their signatures, by
// id. What is not there is left out.
func (d *Desk) records(ctx context.Context, a *Application) (map[string]file.File, error) {
	return d.recordsOf(ctx, a.OrganisationID, a.Documents.V)
}
