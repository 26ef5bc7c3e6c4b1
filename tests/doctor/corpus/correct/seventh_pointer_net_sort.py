# Pointer network: point at the inputs in ascending order (Vinyals, Fortunato & Jaitly 2015)
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F


class PointerNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embed = nn.Linear(1, hidden)
        self.encoder = nn.LSTM(hidden, hidden, batch_first=True)
        self.cell = nn.LSTMCell(hidden, hidden)
        self.start = nn.Parameter(torch.zeros(hidden).uniform_(-0.1, 0.1))
        self.W1, self.W2 = nn.Linear(hidden, hidden, bias=False), nn.Linear(hidden, hidden, bias=False)
        self.v = nn.Linear(hidden, 1, bias=False)

    def forward(self, x, lens, order=None):
        """x: B x N, zero-padded. Returns B x N x N log-probabilities and the chosen positions."""
        B, N = x.shape
        valid = torch.arange(N) < lens[:, None]
        e = self.embed(x.unsqueeze(-1))
        enc, _ = self.encoder(e)  # left to right: what follows a sequence's end cannot reach its own states
        last = (lens - 1).view(B, 1, 1).expand(B, 1, enc.size(-1))
        h, c = enc.gather(1, last).squeeze(1), enc.new_zeros(B, enc.size(-1))
        keys, inp = self.W1(enc), self.start.expand(B, -1)
        free, rows, picks, logps = valid.clone(), torch.arange(B), [], []
        for t in range(N):
            h, c = self.cell(inp, (h, c))
            score = self.v(torch.tanh(keys + self.W2(h).unsqueeze(1))).squeeze(-1)
            # a sequence that has ended keeps one harmless option, so that its softmax stays finite
            allowed = free | ((t >= lens)[:, None] & (torch.arange(N) == 0))
            logp = F.log_softmax(score.masked_fill(~allowed, float("-inf")), dim=-1)
            pick = logp.argmax(-1) if order is None else order[:, t]
            free = free.clone()
            free[rows, pick] = False
            inp = e[rows, pick]
            logps.append(logp)
            picks.append(pick)
        return torch.stack(logps, 1), torch.stack(picks, 1)


def make(n, lo, hi, g):
    lens = torch.randint(lo, hi + 1, (n,), generator=g)
    x = torch.rand(n, hi, generator=g)
    valid = torch.arange(hi) < lens[:, None]
    order = x.masked_fill(~valid, 2.0).argsort(1)
    # positions after the end of a sequence are pointed at position 0 and left out of the loss
    return x * valid, lens, order.masked_fill(~valid, 0), valid


def nll(logps, order, valid):
    per_step = -logps.gather(2, order.unsqueeze(2)).squeeze(2)
    return per_step.masked_select(valid)


@torch.no_grad()
def evaluate(model, data, bs=256):
    model.eval()
    loss = steps = right = 0
    for x, lens, order, valid in zip(*(d.split(bs) for d in data)):
        lp, _ = model(x, lens, order)
        terms = nll(lp, order, valid)
        loss, steps = loss + terms.sum().item(), steps + terms.numel()
        _, picks = model(x, lens)
        right += ((picks == order) | ~valid).all(1).sum().item()
    model.train()
    return loss / steps, right / len(data[0])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--hidden", type=int, default=48)
    ap.add_argument("--iters", type=int, default=220)
    ap.add_argument("--batch", type=int, default=96)
    ap.add_argument("--lr", type=float, default=6e-3)
    a = ap.parse_args()
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    train, test = make(6000, 3, 6, g), make(500, 3, 6, g)
    model = PointerNet(a.hidden)
    opt = torch.optim.Adam(model.parameters(), lr=a.lr)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda i: min(1.0, (i + 1) / 20) * (1 - 0.9 * i / a.iters))
    order_of_data = torch.randperm(len(train[0]))
    at, smooth = 0, None
    for it in range(a.iters):
        if at + a.batch > len(order_of_data):
            order_of_data, at = torch.randperm(len(train[0])), 0
        idx = order_of_data[at:at + a.batch]
        at += a.batch
        x, lens, order, valid = (d[idx] for d in train)
        loss = nll(model(x, lens, order)[0], order, valid).mean()
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        opt.step()
        sched.step()
        smooth = loss.item() if smooth is None else 0.9 * smooth + 0.1 * loss.item()
        if (it + 1) % 55 == 0:
            print(f"iter {it + 1}: loss (smoothed) {smooth:.4f}")
    print("test nll per step %.4f, whole sequences right %.3f" % evaluate(model, test))


if __name__ == "__main__":
    main()
