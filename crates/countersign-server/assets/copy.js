// Shows the copy buttons, which stay hidden where no script runs, and makes them copy.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.closest(".code").querySelector("code").innerText);
    button.textContent = "Copied";
  });
}
