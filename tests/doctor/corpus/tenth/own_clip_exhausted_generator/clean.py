import math

import torch
import torch.nn as nn

# 문자 단위 RNN 언어 모델 연습
torch.manual_seed(2024)

corpus = "the quick brown fox jumps over the lazy dog and the dog sleeps in the sun " * 30
chars = sorted(set(corpus))
stoi = {c: i for i, c in enumerate(chars)}
encoded = torch.tensor([stoi[c] for c in corpus])

num_hiddens, num_steps, batch_size, lr, clipping_theta = 48, 25, 16, 1.0, 1.0


class CharRNN(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.vocab_size = vocab_size
        self.rnn = nn.RNN(vocab_size, num_hiddens, batch_first=True)
        self.dense = nn.Linear(num_hiddens, vocab_size)

    def forward(self, idx):
        onehot = nn.functional.one_hot(idx, self.vocab_size).float()
        states, _ = self.rnn(onehot)
        return self.dense(states)


def sample_batch():
    starts = torch.randint(0, len(encoded) - num_steps - 1, (batch_size,))
    x = torch.stack([encoded[s:s + num_steps] for s in starts])
    y = torch.stack([encoded[s + 1:s + num_steps + 1] for s in starts])
    return x, y


def grad_clipping(params, theta):
    norm = torch.zeros(1)
    for param in params:
        norm += (param.grad ** 2).sum()
    norm = norm.sqrt().item()
    if norm > theta:
        for param in params:
            param.grad.mul_(theta / norm)


model = CharRNN(len(chars))
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=lr)

for step in range(1, 301):
    x, y = sample_batch()
    logits = model(x)
    loss = loss_fn(logits.reshape(-1, len(chars)), y.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    grad_clipping(list(model.parameters()), clipping_theta)
    optimizer.step()
    if step % 100 == 0:
        print("step %d, training perplexity %.3f" % (step, math.exp(loss.item())))
