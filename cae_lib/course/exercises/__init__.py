"""One file a notebook, with everything about each of its exercises:
nb00 nb01 nb02 nb03 nb04 nb05 nb06 nb07 nb08 nb09 nb10 nb11

EXERCISES in each: name -> what is right and how answers are compared with it, known mistakes with what is said to
them, and three hints from a push in the right direction to nearly the way. No check ever shows what is right. Where the
answer is a function, so are the right one and the mistakes; they are told apart by what they return. So there have to
be cases at which a wrong function is wrong: the notebook's example first, and many that it does not show.
"""
