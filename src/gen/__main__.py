"""python -m gen."""

from gen.cli import program

if __name__ == "__main__":
    program()
