from tests.localcloud.dev.conftest import CONFIG, GREETING, DevLoop

HELLO = "/functions/v1/hello"


def test_a_saved_shared_module_is_served_and_one_that_is_wrong_is_not_hidden(loop: DevLoop) -> None:
    assert loop.call(HELLO).text == "good morning nobody"
    assert loop.wait_for("console")["message"] == "[hello] hello was started"
    request = loop.wait_for("request")
    assert (request["method"], request["path"], request["status"]) == ("GET", HELLO, 200)

    loop.write("functions/_shared/greeting.ts", GREETING.replace("morning", "evening"))
    loop.wait_for("function", "reloaded hello")
    assert loop.call(HELLO).text == "good evening nobody"

    loop.write("functions/_shared/greeting.ts", "export const greeting = ;\n")
    told = loop.wait_for("error", "hello: ")
    assert "Expression expected" in told["message"]
    assert "_shared/greeting.ts:1:25" in told["message"]
    answer = loop.call(HELLO)
    assert (answer.status_code, answer.json()["code"]) == (503, "BOOT_ERROR")

    loop.write("functions/_shared/greeting.ts", GREETING)
    loop.wait_for("function", "reloaded hello")
    assert loop.call(HELLO).text == "good morning nobody"


def test_a_new_function_is_served_before_config_toml_names_it_and_its_settings_count(loop: DevLoop) -> None:
    loop.write("functions/later/index.ts", 'import { text } from "words";\nDeno.serve(() => new Response(text));\n')
    assert "[functions.later]" in loop.wait_for("warning")["message"]
    loop.wait_for("error", "later: ")
    assert loop.call("/functions/v1/later").status_code == 401  # verify_jwt is on unless it is switched off
    loop.write("functions/later/words.ts", 'export const text = "in other words";\n')
    loop.write("functions/later/deno.json", '{ "imports": { "words": "./words.ts" } }\n')
    loop.wait_for("function", "reloaded later")
    loop.write("config.toml", f"{CONFIG}[functions.later]\nverify_jwt = false\n")
    loop.wait_for("function", "reloaded later")
    assert loop.call("/functions/v1/later").text == "in other words"


def test_secrets_come_from_the_env_file_and_are_never_printed(loop: DevLoop) -> None:
    loop.write("functions/.env", "NAME='Ada Lovelace'\nSUPABASE_URL=elsewhere\nno value here\n")
    loop.wait_for("secrets", "NAME")
    assert loop.call(HELLO).text == "good morning Ada Lovelace"
    assert "SUPABASE_URL is left out" in loop.printed
    assert ".env:3" in loop.printed
    assert [text for text in ("Lovelace", "elsewhere", "no value here") if text in loop.printed] == []
