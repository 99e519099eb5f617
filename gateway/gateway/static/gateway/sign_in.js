// Signs an operator in as any client does, and hands the tokens to the gateway, which keeps them where no script reads.
"use strict";

const credentials = document.getElementById("credentials");
const second = document.getElementById("second");
const told = document.getElementById("told");
let challenge = null;

const post = (path, body, headers = {}) =>
  fetch(path, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body });

async function answerOf(response) {
  const body = response.status === 204 ? {} : await response.json();
  if (response.ok) return body;
  const wrong = Object.values(body.errors || {}).flat();
  throw new Error(wrong.length ? wrong.join(" ") : body.detail || body.title);
}

const goOn = () => location.replace(credentials.dataset.then);

async function keep(tokens) {
  const bearer = { Authorization: `Bearer ${tokens.access}`, "Content-Type": "text/plain" };
  const response = await post("/admin/session", tokens.refresh, bearer);
  if (response.status === 403) throw new Error("This account is neither an administrator's nor support's.");
  await answerOf(response);
  goOn();
}

async function signedIn(answer) {
  if (!answer.challenge) return keep(answer);
  challenge = answer.challenge;
  credentials.hidden = true;
  second.hidden = false;
  second.elements.code.focus();
}

function whenSent(form, send) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    told.textContent = "";
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await signedIn(await answerOf(await send(form.elements)));
    } catch (error) {
      told.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
}

whenSent(credentials, (fields) =>
  post("/api/v1/auth/login", JSON.stringify({ email: fields.email.value, password: fields.password.value })));
whenSent(second, (fields) =>
  post("/api/v1/auth/two-factor/challenge", JSON.stringify({ challenge, code: fields.code.value.trim() })));

// Who was sent here because the access token has expired need not type anything while the session lives.
if (new URLSearchParams(location.search).has("next")) {
  post("/admin/session/renewal", "").then((response) => { if (response.status === 204) goOn(); });
}
