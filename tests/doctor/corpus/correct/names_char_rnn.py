# -*- coding: utf-8 -*-
"""Classify names by (invented) language with a character RNN written by hand, one name at a time."""
import random
import string
import time

import torch
import torch.nn as nn

torch.manual_seed(0)
random.seed(0)

all_letters = string.ascii_lowercase + " '"
n_letters = len(all_letters)
SYLLABLES = {
    "Nordic": ["bjor", "sven", "son", "ulf", "gard", "heim", "rik", "stein"],
    "Latin": ["mar", "cia", "lio", "tus", "aur", "elia", "vita", "rus"],
    "Island": ["ka", "lea", "moa", "hini", "pua", "noa", "kai", "lulu"],
}
category_names = list(SYLLABLES)
n_categories = len(category_names)


def make_names(n):
    names = set()
    while len(names) < n:
        c = random.choice(category_names)
        names.add(("".join(random.choices(SYLLABLES[c], k=random.randint(2, 3))), c))
    names = sorted(names)
    random.shuffle(names)
    return names


data = make_names(420)
train_names, test_names = data[:340], data[340:]


def letterToIndex(letter):
    return all_letters.find(letter)


def lineToTensor(line):
    tensor = torch.zeros(len(line), 1, n_letters)
    for li, letter in enumerate(line):
        tensor[li][0][letterToIndex(letter)] = 1
    return tensor


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size, hidden_size)
        self.h2h = nn.Linear(hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        hidden = torch.tanh(self.i2h(input) + self.h2h(hidden))
        output = self.h2o(hidden)
        output = self.softmax(output)
        return output, hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


n_hidden = 64
rnn = RNN(n_letters, n_hidden, n_categories)
criterion = nn.NLLLoss()
learning_rate = 0.02


def categoryFromOutput(output):
    top_n, top_i = output.topk(1)
    category_i = top_i[0].item()
    return category_names[category_i], category_i


def train(category_tensor, line_tensor):
    hidden = rnn.initHidden()
    rnn.zero_grad()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    loss = criterion(output, category_tensor)
    loss.backward()
    nn.utils.clip_grad_norm_(rnn.parameters(), 1.0)
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-learning_rate)
    return output, loss.item()


def evaluate(line_tensor):
    hidden = rnn.initHidden()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    return output


start = time.time()
current_loss, all_losses = 0, []
print_every, plot_every = 500, 100
for it in range(1, 2001):
    line, category = random.choice(train_names)
    category_tensor = torch.tensor([category_names.index(category)], dtype=torch.long)
    output, loss = train(category_tensor, lineToTensor(line))
    current_loss += loss
    if it % print_every == 0:
        guess, _ = categoryFromOutput(output)
        mark = "✓" if guess == category else "✗ (%s)" % category
        print("%d %.1fs %.4f %s / %s %s" % (it, time.time() - start, loss, line, guess, mark))
    if it % plot_every == 0:
        all_losses.append(current_loss / plot_every)
        current_loss = 0

confusion = torch.zeros(n_categories, n_categories)
with torch.no_grad():
    for line, category in test_names:
        _, guess_i = categoryFromOutput(evaluate(lineToTensor(line)))
        confusion[category_names.index(category)][guess_i] += 1
print("loss per 100:", [round(v, 3) for v in all_losses])
print("test accuracy %.3f" % (confusion.diag().sum() / confusion.sum()).item())
for i in range(n_categories):
    confusion[i] = confusion[i] / confusion[i].sum()
print(confusion)
