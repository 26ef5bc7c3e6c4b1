# -*- coding: utf-8 -*-
# 字符级语言模型(小型 LSTM),验证困惑度不下降时把学习率减半
import math
import random
import torch
import torch.nn as nn

torch.manual_seed(1234)
rnd = random.Random(8)
NOUN, VERB, ADJ = "cat dog rat hen fox ape".split(), "saw bit met led hid".split(), "big old sly wet".split()


def sentence():
    pick = rnd.choice
    return f"the {pick(ADJ)} {pick(NOUN)} {pick(VERB)} the {pick(NOUN)} and {pick(VERB)} a {pick(ADJ)} {pick(NOUN)}. "


text = "".join(sentence() for _ in range(90))
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
split = int(0.85 * len(ids))
bptt, n_lane = 16, 8


def lanes(seq):
    """切成 n_lane 条并行的连续文本"""
    n = len(seq) // n_lane
    return seq[: n * n_lane].view(n_lane, n)


train_ids, val_ids = lanes(ids[:split]), lanes(ids[split:])


class CharLM(nn.Module):
    def __init__(self, v, e=16, h=48):
        super().__init__()
        self.emb = nn.Embedding(v, e)
        self.rnn = nn.LSTM(e, h, batch_first=True)
        self.fc = nn.Linear(h, v)

    def forward(self, x, state=None):
        o, state = self.rnn(self.emb(x), state)
        return self.fc(o), state


def windows(block):
    for s in range(0, block.size(1) - 1, bptt):
        e = min(s + bptt, block.size(1) - 1)
        yield block[:, s:e], block[:, s + 1:e + 1]


def perplexity(model, block):
    model.eval()
    nll, n, state = 0.0, 0, None
    with torch.no_grad():
        for x, y in windows(block):
            out, state = model(x, state)
            nll += loss_fn(out.flatten(0, 1), y.flatten()).item() * y.numel()
            n += y.numel()
    return math.exp(nll / n)


model = CharLM(len(chars))
loss_fn = nn.CrossEntropyLoss()
lr, clip = 8.0, 0.5
optimizer = torch.optim.SGD(model.parameters(), lr=lr)
best = float("inf")

for epoch in range(1, 13):
    model.train()
    state = None
    for x, y in windows(train_ids):
        if state is not None:
            state = tuple(s.detach() for s in state)  # 截断反向传播
        out, state = model(x, state)
        loss = loss_fn(out.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        loss.backward()
        optimizer.step()
    ppl = perplexity(model, val_ids)
    if ppl < best:
        best = ppl
    else:
        lr /= 2
        for group in optimizer.param_groups:
            group["lr"] = lr
    if epoch % 3 == 0:
        print(f"epoch {epoch:2d}  val ppl {ppl:.3f}  lr {lr}")
