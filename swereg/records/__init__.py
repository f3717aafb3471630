"""The words: frozen values that cross from one room to another. They know no SQL or torch."""
