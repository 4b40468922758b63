"""What does the author of a plugin need: a package to begin with, and a check of what it promises?"""
