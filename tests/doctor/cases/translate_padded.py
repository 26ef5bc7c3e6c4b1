import math

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD, BOS, EOS = 0, 1, 2


class Positions(nn.Module):
    def __init__(self, width: int, longest: int = 512):
        super().__init__()
        at = torch.arange(longest).unsqueeze(1)
        freq = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        table = torch.zeros(longest, width)
        table[:, 0::2] = torch.sin(at * freq)
        table[:, 1::2] = torch.cos(at * freq)
        self.register_buffer("table", table)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.table[: x.size(1)]


class Translator(nn.Module):
    def __init__(self, src_vocab: int, tgt_vocab: int, width: int = 256):
        super().__init__()
        self.src_embed = nn.Embedding(src_vocab, width, padding_idx=PAD)
        self.tgt_embed = nn.Embedding(tgt_vocab, width, padding_idx=PAD)
        self.positions = Positions(width)
        self.core = nn.Transformer(width, 8, 3, 3, 512, batch_first=True)
        self.out = nn.Linear(width, tgt_vocab)
        self.scale = math.sqrt(width)

    def forward(self, src: Tensor, tgt: Tensor) -> Tensor:
        causal = nn.Transformer.generate_square_subsequent_mask(tgt.size(1)).to(src.device)
        h = self.core(
            self.positions(self.src_embed(src) * self.scale),
            self.positions(self.tgt_embed(tgt) * self.scale),
            tgt_mask=causal,
            src_key_padding_mask=src == PAD,
            tgt_key_padding_mask=tgt == PAD,
            memory_key_padding_mask=src == PAD,
        )
        return self.out(h)


def collate(pairs):
    src, tgt = zip(*pairs)
    return pad_sequence(src, batch_first=True, padding_value=PAD), pad_sequence(tgt, batch_first=True, padding_value=PAD)


def train(model, loader, criterion, optimizer, scheduler):
    model.train()
    total, tokens = 0.0, 0
    for src, tgt in loader:
        logits = model(src, tgt[:, :-1])
        goal = tgt[:, 1:]
        loss = criterion(logits.transpose(1, 2), goal)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        n = (goal != PAD).sum().item()
        total += loss.item() * n
        tokens += n
    return total / tokens


@torch.no_grad()
def greedy(model, src, longest=50):
    model.eval()
    out = torch.full((src.size(0), 1), BOS)
    for _ in range(longest):
        step = model(src, out)[:, -1].argmax(-1, keepdim=True)
        out = torch.cat([out, step], dim=1)
        if (step == EOS).all():
            break
    return out


def main():
    torch.manual_seed(1)
    train_pairs = torch.load("train_pairs.pt", weights_only=True)
    valid_pairs = torch.load("valid_pairs.pt", weights_only=True)
    loader = DataLoader(train_pairs, batch_size=64, shuffle=True, collate_fn=collate)
    model = Translator(8000, 8000)
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.xavier_uniform_(p)
    criterion = nn.CrossEntropyLoss(ignore_index=PAD)
    optimizer = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: 256**-0.5 * min((s + 1) ** -0.5, (s + 1) * 4000**-1.5)
    )
    for epoch in range(10):
        print(epoch, train(model, loader, criterion, optimizer, scheduler))
        src, tgt = collate(valid_pairs[:8])
        print(greedy(model, src)[0].tolist(), tgt[0].tolist())


if __name__ == "__main__":
    main()
