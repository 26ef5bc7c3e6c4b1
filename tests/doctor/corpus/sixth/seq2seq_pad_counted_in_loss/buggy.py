"""Encoder-decoder that writes a number sequence backwards."""
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

PAD, BOS, EOS, FIRST = 0, 1, 2, 3
N_SYMBOLS = 10


def make_pairs(n, gen):
    pairs = []
    for _ in range(n):
        # mostly short ones, now and then a long one
        size = 12 if torch.rand((), generator=gen) < 0.15 else int(torch.randint(2, 5, (), generator=gen))
        src = torch.randint(FIRST, FIRST + N_SYMBOLS, (size,), generator=gen)
        pairs.append((src, torch.cat([torch.tensor([BOS]), src.flip(0), torch.tensor([EOS])])))
    return pairs


def batches(pairs, size, shuffle):
    order = torch.randperm(len(pairs)) if shuffle else torch.arange(len(pairs))
    for idx in order.split(size):
        chosen = [pairs[i] for i in idx.tolist()]
        src = pad_sequence([s for s, _ in chosen], batch_first=True, padding_value=PAD)
        tgt = pad_sequence([t for _, t in chosen], batch_first=True, padding_value=PAD)
        yield src, torch.tensor([len(s) for s, _ in chosen]), tgt


class Seq2Seq(nn.Module):
    def __init__(self, n_tokens, dim=48):
        super().__init__()
        self.src_emb = nn.Embedding(n_tokens, dim, padding_idx=PAD)
        self.tgt_emb = nn.Embedding(n_tokens, dim, padding_idx=PAD)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.decoder = nn.GRU(dim, dim, batch_first=True)
        self.proj = nn.Linear(dim, n_tokens)

    def forward(self, src, src_len, tgt_in):
        packed = pack_padded_sequence(self.src_emb(src), src_len, batch_first=True, enforce_sorted=False)
        _, state = self.encoder(packed)
        out, _ = self.decoder(self.tgt_emb(tgt_in), state)
        return self.proj(out)


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss(
            reduction="mean",
        )

    def fit(self, pairs, batch_size):
        self.model.train()
        for src, src_len, tgt in batches(pairs, batch_size, shuffle=True):
            logits = self.model(src, src_len, tgt[:, :-1])
            loss = self.criterion(logits.reshape(-1, logits.size(-1)), tgt[:, 1:].reshape(-1))
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()

    @torch.no_grad()
    def token_accuracy(self, pairs, batch_size):
        self.model.eval()
        right = total = 0
        for src, src_len, tgt in batches(pairs, batch_size, shuffle=False):
            gold = tgt[:, 1:]
            guess = self.model(src, src_len, tgt[:, :-1]).argmax(-1)
            real = gold != PAD
            right += (guess[real] == gold[real]).sum().item()
            total += real.sum().item()
        return right / total


def main():
    torch.manual_seed(5)
    train_pairs = make_pairs(800, torch.Generator().manual_seed(0))
    val_pairs = make_pairs(150, torch.Generator().manual_seed(1))
    trainer = Trainer(Seq2Seq(FIRST + N_SYMBOLS), lr=4e-3)
    for epoch in range(6):
        trainer.fit(train_pairs, 40)
        print(f"epoch {epoch + 1}: teacher-forced token accuracy {trainer.token_accuracy(val_pairs, 50):.3f}")


if __name__ == "__main__":
    main()
