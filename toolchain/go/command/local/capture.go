package local

import (
	"bytes"
	"strings"
	"sync"
)

// capture keeps what one stream writes, copies it into the transcript that an error shows, and logs it line by line.
type capture struct {
	kept       bytes.Buffer
	transcript *transcript
	line       []byte
	log        func(line string) // nil: this stream is not shown
}

func (c *capture) Write(text []byte) (int, error) {
	c.kept.Write(text)
	c.transcript.add(text)
	if c.log != nil {
		c.line = append(c.line, text...)
		for {
			end := bytes.IndexByte(c.line, '\n')
			if end < 0 {
				break
			}
			c.log(valid(bytes.TrimSuffix(c.line[:end], []byte("\r"))))
			c.line = c.line[end+1:]
		}
	}
	return len(text), nil
}

// close logs the last line when the stream ended without a line break.
func (c *capture) close() {
	if len(c.line) > 0 {
		c.log(valid(c.line))
	}
}

func (c *capture) text() string {
	return valid(bytes.TrimSuffix(c.kept.Bytes(), []byte("\n")))
}

// transcript holds both streams in the order in which they were written.
type transcript struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (t *transcript) add(text []byte) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.text.Write(text)
}

// valid is the text as the engine can take it: bytes that are not UTF-8 would fail the run after all is done.
func valid(text []byte) string {
	return strings.ToValidUTF8(string(text), "\uFFFD")
}
