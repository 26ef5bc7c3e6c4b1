import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(42)
VOCAB, BLOCK = 12, 16


class CounterText(Dataset):
    """Sequences that count upwards from a random start, modulo the vocabulary."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        start = torch.randint(0, VOCAB, (n, 1), generator=g)
        self.rows = (start + torch.arange(BLOCK)) % VOCAB

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        ids = self.rows[i]
        return {"input_ids": ids, "labels": ids.clone()}


class TinyCausalLM(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, d)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.lm_head = nn.Linear(d, VOCAB)

    def forward(self, input_ids, labels=None):
        logits = self.lm_head(self.rnn(self.emb(input_ids))[0])
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits[:, :-1].reshape(-1, VOCAB), labels[:, 1:].reshape(-1), ignore_index=-100)
        return loss, logits


@torch.no_grad()
def continue_text(model, prompt, n_new):
    model.eval()
    ids = torch.tensor([prompt])
    for _ in range(n_new):
        _, logits = model(ids)
        ids = torch.cat([ids, logits[:, -1].argmax(-1, keepdim=True)], dim=1)
    return ids[0].tolist()


loader = DataLoader(CounterText(256, seed=1), batch_size=32, shuffle=True)
model = TinyCausalLM()
opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
for epoch in range(8):
    model.train()
    total = 0.0
    for batch in loader:
        opt.zero_grad()
        loss, _ = model(**batch)
        loss.backward()
        opt.step()
        total += loss.item()
    print(f"epoch {epoch} loss {total / len(loader):.4f}")
print("3 4 5 ->", continue_text(model, [3, 4, 5], 5))
