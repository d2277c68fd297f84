"""Networks: what one is (`spec`), the built-in ones (`zoo`), how one is made (`build`, `load`)."""
