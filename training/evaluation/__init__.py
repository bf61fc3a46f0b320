"""How good and how fair a model is, in numbers, pictures and one page."""
