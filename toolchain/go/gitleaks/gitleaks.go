// Package gitleaks names the program that looks for credentials in commits, so that go.mod and go.sum pin it.
package gitleaks

import _ "github.com/zricethezav/gitleaks/v8/cmd"
