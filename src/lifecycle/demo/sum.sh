#!/bin/sh
# Adds up the numbers from 1 to $1.
n=${1:-300}
sum=0
i=1
while [ "$i" -le "$n" ]; do
    sum=$((sum + i))
    i=$((i + 1))
done
echo "$sum"
