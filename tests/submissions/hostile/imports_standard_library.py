"""Modules of the standard library that NumPy has not loaded, in a right submission."""
import argparse
import glob
import heapq
import logging
import statistics
import string
import timeit
import unittest

EXPECT = {"lost": {}}
