"use strict";
// The token goes from the address into this variable, and out of the history.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  // Of the session, where there is one; whoever accepts an invitation needs it.
  const xsrf = /(?:^|; )XSRF-TOKEN=([^;]*)/.exec(document.cookie)?.[1] ?? "";
  const body = { token, ...Object.fromEntries(new FormData(form)) };
  form.querySelector("button").disabled = true;
  try {
    const answer = await fetch(form.dataset.target, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-XSRF-TOKEN": xsrf },
      body: JSON.stringify(body),
    });
    const problem = answer.ok ? null : await answer.json();
    const faults = (problem?.errors ?? []).map((fault) => fault.message).join("; ");
    status.textContent = answer.ok ? form.dataset.done : `${problem.title}. ${faults || problem.detail}`;
    form.hidden = answer.ok;
  } catch {
    status.textContent = form.dataset.failed;
  }
  form.querySelector("button").disabled = false;
});
