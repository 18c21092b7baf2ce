"use strict";
(() => {
  const said = document.getElementById("said");
  const ways = document.getElementById("ways");
  const again = document.getElementById("again");
  const patience = 8000;

  // Behind a proxy with TLS the endpoint cannot know what this browser typed.
  if (location.protocol === "https:") {
    for (const code of document.querySelectorAll(".copied code")) {
      code.textContent = code.textContent.replace(/^http:/, "https:");
    }
  }

  async function copy(button) {
    const code = document.getElementById(button.dataset.copy);
    let done = false;
    try {
      // Browsers offer it to pages over https and on this machine alone.
      await navigator.clipboard.writeText(code.textContent);
      done = true;
    } catch (error) {
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
    }
    const label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    button.textContent = said.textContent = done ? button.dataset.copied : button.dataset.yourself;
    clearTimeout(Number(button.dataset.timer));
    button.dataset.timer = setTimeout(() => {
      button.textContent = label;
      said.textContent = "";
    }, 4000);
  }

  function show(item, state, sentence) {
    item.dataset.state = state;
    item.querySelector("span").textContent = sentence;
  }

  async function attempt(item) {
    const url = item.dataset.url;
    // What another origin answers stays hidden from a page, but not that it answers.
    const own = new URL(url).origin === location.origin;
    if (location.protocol === "https:" && url.startsWith("http:")) {
      show(item, "unasked", ways.dataset.mixed);
      return;
    }
    show(item, "waiting", ways.dataset.waiting);
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), patience);
    try {
      const answer = await fetch(`${url}health`, {
        mode: own ? "same-origin" : "no-cors", cache: "no-store", credentials: "omit", signal: ended.signal,
      });
      if (own && !answer.ok) {
        show(item, "bad", `${ways.dataset.unwell} ${(await answer.text()).trim()}`);
      } else {
        show(item, "good", item.dataset.good);
      }
    } catch (error) {
      show(item, "bad", item.dataset.bad);
    }
    clearTimeout(timer);
  }

  async function attemptAll() {
    await Promise.all(Array.from(ways.children, attempt));
    said.textContent = Array.from(ways.querySelectorAll("span"), (span) => span.textContent).join(" ");
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  ways.hidden = again.hidden = false;
  again.addEventListener("click", attemptAll);
  attemptAll();
})();
