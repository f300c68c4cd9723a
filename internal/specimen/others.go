package specimen

import "strings"

// Survey is a tree of sections, each with many fields of which most are left out.
type Survey struct {
	Title string  `json:"title"`
	Root  Section `json:"root"`
}

// Section is a part of a Survey.
type Section struct {
	Name     string     `json:"name"`
	Hint     string     `json:"hint,omitempty"`
	Min      *float64   `json:"min,omitempty"`
	Max      *float64   `json:"max,omitempty"`
	Step     *float64   `json:"step,omitempty"`
	Default  *string    `json:"default,omitempty"`
	Unit     string     `json:"unit,omitempty"`
	Group    string     `json:"group,omitempty"`
	Order    int        `json:"order,omitempty"`
	Weight   float64    `json:"weight,omitempty"`
	Hidden   bool       `json:"hidden,omitempty"`
	Locked   bool       `json:"locked,omitempty"`
	Author   string     `json:"author,omitempty"`
	Reviewer string     `json:"reviewer,omitempty"`
	Language string     `json:"language,omitempty"`
	Choices  []string   `json:"choices,omitempty"`
	Answer   *Answer    `json:"answer,omitempty"`
	Sections []*Section `json:"sections,omitempty"`
}

// Answer is what somebody said.
type Answer struct {
	Text  *string  `json:"text,omitempty"`
	Score *float64 `json:"score,omitempty"`
	By    string   `json:"by,omitempty"`
}

// SurveySchema is what a Survey is checked against: it refers to itself.
const SurveySchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"required": ["title", "root"],
	"properties": {"title": {"type": "string", "minLength": 1}, "root": {"$ref": "#/$defs/section"}},
	"$defs": {
		"section": {
			"type": "object",
			"required": ["name"],
			"additionalProperties": false,
			"properties": {
				"name": {"type": "string", "minLength": 1, "maxLength": 80},
				"hint": {"type": "string", "maxLength": 300},
				"min": {"type": "number"}, "max": {"type": "number"}, "step": {"type": "number", "exclusiveMinimum": 0},
				"default": {"type": "string"}, "unit": {"type": "string", "maxLength": 8}, "group": {"type": "string"},
				"order": {"type": "integer", "minimum": 0}, "weight": {"type": "number", "minimum": 0, "maximum": 1},
				"hidden": {"type": "boolean"}, "locked": {"type": "boolean"},
				"author": {"type": "string"}, "reviewer": {"type": "string"}, "language": {"type": "string", "pattern": "^[a-z]{2}$"},
				"choices": {"type": "array", "maxItems": 20, "items": {"type": "string"}},
				"answer": {"type": "object", "properties": {
					"text": {"type": "string"}, "score": {"type": "number", "minimum": 0, "maximum": 10}, "by": {"type": "string"}
				}},
				"sections": {"type": "array", "maxItems": 50, "items": {"$ref": "#/$defs/section"}}
			}
		}
	}
}`

// NewSurvey makes one that is 20 sections deep, with a leaf beside each.
func NewSurvey() *Survey {
	s := &Survey{Title: "Of lamps", Root: Section{Name: "root", Language: "nb"}}
	at := &s.Root
	for i := range 20 {
		score, text, most := float64(i)/2, "good", float64(100*i)
		leaf := &Section{Name: "leaf", Max: &most, Order: i + 1, Answer: &Answer{Text: &text, Score: &score}}
		next := &Section{Name: "branch", Hint: "one of many", Weight: 0.5, Choices: []string{"yes", "no"}}
		at.Sections = []*Section{leaf, next}
		at = next
	}
	return s
}

// Article is long texts with much to escape, and letters beyond ASCII.
type Article struct {
	Slug string   `json:"slug"`
	HTML string   `json:"html"`
	Text []string `json:"text"`
}

// ArticleSchema is what an Article is checked against.
const ArticleSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"required": ["slug", "html", "text"],
	"properties": {
		"slug": {"type": "string", "pattern": "^[a-z0-9-]+$"},
		"html": {"type": "string", "minLength": 1, "maxLength": 20000},
		"text": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 5000}}
	}
}`

// NewArticle makes one.
func NewArticle() *Article {
	a := &Article{
		Slug: "of-lamps",
		HTML: strings.Repeat("<p class=\"lead\">Lamps &amp; shades</p>\n\t<a href='/lamps?a=1&b=2'>more</a>\r\n", 30),
	}
	for range 4 {
		a.Text = append(a.Text,
			strings.Repeat("Lampen «Tromsø» lyser på bordet, sa hun — og så: \"ja\". ", 12),
			strings.Repeat("Лампа стоит на столе. ", 15),
			strings.Repeat("A plain paragraph without anything to escape in it. ", 20),
			strings.Repeat("back\\slash \U0001F4A1 \u2028 tab\t", 10))
	}
	return a
}
