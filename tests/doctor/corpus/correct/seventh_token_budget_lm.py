"""Character LM with batches of a fixed token budget; losses are sums, divided by tokens once."""
import math

import torch
import torch.nn.functional as F
from torch import nn

WORDS = "the a cat dog bird tree house river runs sleeps sings grows near under over and or but small big".split()
CHARS = ["<pad>", "<s>", "</s>"] + sorted(set(" ".join(WORDS)))
STOI = {c: i for i, c in enumerate(CHARS)}
PAD, BOS, EOS = 0, 1, 2


def corpus(n, gen):
    def sentence():
        k = int(torch.randint(2, 8, (1,), generator=gen))
        return " ".join(WORDS[i] for i in torch.randint(0, len(WORDS), (k,), generator=gen).tolist())
    return [torch.tensor([BOS] + [STOI[c] for c in sentence()] + [EOS]) for _ in range(n)]


def by_budget(data, budget, gen=None):
    """Group neighbours in length so that rows * longest <= budget. All sentences are delivered."""
    order = sorted(range(len(data)), key=lambda i: len(data[i]))
    groups, cur = [], []
    for i in order:
        if cur and (len(cur) + 1) * len(data[i]) > budget:
            groups.append(cur)
            cur = []
        cur.append(i)
    groups.append(cur)
    if gen is not None:
        groups = [groups[j] for j in torch.randperm(len(groups), generator=gen).tolist()]
    for group in groups:
        yield nn.utils.rnn.pad_sequence([data[i] for i in group], batch_first=True, padding_value=PAD)


class Causal(nn.Module):
    def __init__(self, v, d=48, k=5, depth=3):
        super().__init__()
        self.emb = nn.Embedding(v, d, padding_idx=PAD)
        self.convs = nn.ModuleList(nn.Conv1d(d, 2 * d, k, dilation=2 ** i) for i in range(depth))
        self.k = k
        self.head = nn.Linear(d, v, bias=False)
        nn.init.normal_(self.emb.weight, std=d ** -0.5)
        with torch.no_grad():
            self.emb.weight[PAD].zero_()
        self.head.weight = self.emb.weight

    def forward(self, ids):
        h = self.emb(ids).transpose(1, 2)
        for i, conv in enumerate(self.convs):
            left = (self.k - 1) * 2 ** i
            h = h + F.glu(conv(F.pad(h, (left, 0))), dim=1)
        return self.head(h.transpose(1, 2))


def token_loss(model, batch):
    logits = model(batch[:, :-1])
    target = batch[:, 1:]
    total = F.cross_entropy(logits.reshape(-1, logits.size(-1)), target.reshape(-1), ignore_index=PAD, reduction="sum")
    return total, (target != PAD).sum()


@torch.no_grad()
def perplexity(model, data):
    model.eval()
    total = count = 0
    for batch in by_budget(data, 4000):
        loss, n = token_loss(model, batch)
        total, count = total + loss.item(), count + n.item()
    model.train()
    return math.exp(total / count)


torch.manual_seed(3)
gen = torch.Generator().manual_seed(30)
train, test = corpus(600, gen), corpus(150, gen)
model = Causal(len(CHARS))
decay = [p for p in model.parameters() if p.ndim > 1]
plain = [p for p in model.parameters() if p.ndim <= 1]
opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=4e-3)
steps_per_epoch = sum(1 for _ in by_budget(train, 1200))
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, total_steps=4 * steps_per_epoch)
print(f"before {perplexity(model, test):.2f}")
for epoch in range(4):
    for batch in by_budget(train, 1200, gen):
        total, n = token_loss(model, batch)
        opt.zero_grad()
        (total / n).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
print(f"after {perplexity(model, test):.2f}")
