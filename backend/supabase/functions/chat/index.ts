import { database } from "../_shared/database.ts";
import { withErrors } from "../_shared/http.ts";
import { anthropicAnswers } from "./anthropic.ts";
import { databaseConversations } from "./conversation.ts";
import { chatHandler } from "./handler.ts";

const answers = anthropicAnswers({
  apiKey: Deno.env.get("ANTHROPIC_API_KEY"),
  baseUrl: Deno.env.get("ANTHROPIC_BASE_URL"),
  model: Deno.env.get("ANTHROPIC_MODEL"),
});

Deno.serve(withErrors(chatHandler(databaseConversations(database), answers)));
