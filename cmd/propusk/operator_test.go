package main

import (
	"strings"
	"testing"

	"propusk/storage"
)

// person adds somebody with a password and, where totp is wanted, its secret.
func (c *cli) person(last, email string, more ...string) userAnswer {
	c.t.Helper()
	var made userAnswer
	c.json(&made, append([]string{
		"user", "create", "--last-name", last, "--first-name", "Анна", "--email", email, "--verified", "--password", "Yantar-41-Veter",
	}, more...)...)
	return made
}

func TestARecoveryTakesTwoOperatorsWhoProveIt(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	lost := c.person("Морозова", "elena@company.example")
	first, second := c.person("Соколова", "first@company.example"), c.person("Лебедева", "second@company.example")
	stranger := c.person("Орлова", "stranger@company.example")
	for _, operator := range []userAnswer{first, second} {
		c.json(&userAnswer{}, "operator", "appoint", operator.ID)
	}
	var operators []userAnswer
	if c.json(&operators, "operator", "list"); len(operators) != 2 {
		t.Fatalf("operators %+v", operators)
	}
	as := func(operator userAnswer, password string, args ...string) []string {
		return append(args, "--operator", operator.ID, "--password", password)
	}
	propose := []string{"user", "recover", "propose", lost.ID, "--reason", "seen in the office, act 17", "--lost-factors"}
	for why, args := range map[string][]string{
		"a wrong password":  as(first, "Nepravda-1-x", propose...),
		"nobody appointed":  as(stranger, "Yantar-41-Veter", propose...),
		"his own account":   as(first, "Yantar-41-Veter", "user", "recover", "propose", first.ID, "--reason", "x"),
		"without a name":    propose,
		"a person unknown":  as(first, "Yantar-41-Veter", "user", "recover", "propose", "nobody@company.example", "--reason", "x"),
		"without a reason":  as(first, "Yantar-41-Veter", "user", "recover", "propose", lost.ID),
		"an unknown one":    as(second, "Yantar-41-Veter", "user", "recover", "approve", storage.NewID()),
		"not to be refused": as(second, "Yantar-41-Veter", "user", "recover", "refuse", storage.NewID()),
	} {
		c.refusal(args...)
		_ = why
	}
	var proposed recoveryAnswer
	c.json(&proposed, as(first, "Yantar-41-Veter", propose...)...)
	if said := c.refusal(as(first, "Yantar-41-Veter", "user", "recover", "approve", proposed.ID)...); !strings.Contains(said, "two operators") {
		t.Errorf("the same operator twice: %s", said)
	}
	var approved recoveryAnswer
	c.json(&approved, as(second, "Yantar-41-Veter", "user", "recover", "approve", proposed.ID)...)
	if approved.State != "waiting" || approved.ApprovedBy != second.ID || approved.DueAt == 0 || !approved.ResetFactors {
		t.Errorf("approved %+v", approved)
	}
	var list []recoveryAnswer
	if c.json(&list, "user", "recover", "list"); len(list) != 1 || list[0].ID != proposed.ID {
		t.Errorf("list %+v", list)
	}
	c.json(&map[string]string{}, as(first, "Yantar-41-Veter", "user", "recover", "refuse", proposed.ID)...)
	if c.json(&list, "user", "recover", "list"); len(list) != 0 {
		t.Errorf("after the refusal %+v", list)
	}
	c.json(&userAnswer{}, "operator", "dismiss", second.ID)
	if c.json(&operators, "operator", "list"); len(operators) != 1 {
		t.Errorf("operators %+v", operators)
	}
}

func TestAnOperatorWithACodeGeneratorNeedsItsCode(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	lost, operator := c.person("Морозова", "elena@company.example"), c.person("Соколова", "first@company.example", "--totp")
	c.json(&userAnswer{}, "operator", "appoint", operator.ID)
	args := []string{"user", "recover", "propose", lost.ID, "--reason", "x", "--operator", operator.ID, "--password", "Yantar-41-Veter"}
	if said := c.refusal(append(args, "--code", "000000")...); !strings.Contains(said, "did not prove") {
		t.Errorf("a wrong code: %s", said)
	}
	if said := c.refusal(args...); !strings.Contains(said, "did not prove") {
		t.Errorf("no code: %s", said)
	}
}

func TestUnlockAndConfirm(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	p := c.person("Морозова", "elena@company.example")
	var unlocked struct{ Unlocked []string }
	if c.json(&unlocked, "user", "unlock", p.ID); len(unlocked.Unlocked) != 0 {
		t.Errorf("nothing was locked, and lifted was %v", unlocked.Unlocked)
	}
	if said := c.refusal("user", "confirm", p.ID, "--snils", "11244556628", "--evidence", "act 17"); !strings.Contains(said, "snils") {
		t.Errorf("a wrong СНИЛС: %s", said)
	}
	var confirmed struct{ Level string }
	if c.json(&confirmed, "user", "confirm", p.ID, "--snils", "11244556627", "--evidence", "act 17"); confirmed.Level != "confirmed" {
		t.Errorf("level %q", confirmed.Level)
	}
}
