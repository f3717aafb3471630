"""The frozen base that answers, with what each entry changes of it."""
