"""CTC on a toy "speech" task: every symbol is a noisy pattern that lasts two to four frames."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

BLANK, N_SYM, FEAT = 0, 6, 8


class ToySpeech(Dataset):
    def __init__(self, n, seed, noise=0.3):
        g = torch.Generator().manual_seed(seed)
        proto = torch.randn(N_SYM, FEAT, generator=torch.Generator().manual_seed(42))
        silence = torch.zeros(1, FEAT)
        self.items = []
        for _ in range(n):
            labels = torch.randint(0, N_SYM, (int(torch.randint(2, 7, (1,), generator=g)),), generator=g)
            frames = [silence]
            for s in labels.tolist():
                frames += [proto[s].expand(int(torch.randint(2, 5, (1,), generator=g)), FEAT), silence]
            x = torch.cat(frames)
            self.items.append((x + noise * torch.randn(x.shape, generator=g), labels + 1))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    xs, ys = zip(*batch)
    return (pad_sequence(xs), torch.tensor([len(x) for x in xs]), torch.cat(ys), torch.tensor([len(y) for y in ys]))


class Net(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(FEAT, hidden, bidirectional=True)
        self.head = nn.Linear(2 * hidden, N_SYM + 1)

    def forward(self, x, lens):
        h, _ = self.rnn(pack_padded_sequence(x, lens, enforce_sorted=False))
        h, _ = pad_packed_sequence(h, total_length=x.size(0))
        return self.head(h).log_softmax(2)


def greedy(log_probs, lens):
    out = []
    for path, n in zip(log_probs.argmax(2).t().tolist(), lens.tolist()):
        path, prev, hyp = path[:n], BLANK, []
        for s in path:
            if s != prev and s != BLANK:
                hyp.append(s)
            prev = s
        out.append(hyp)
    return out


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diag, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diag, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diag + (x != y))
    return row[-1]


def evaluate(model, loader, ctc):
    model.eval()
    errors = symbols = loss = utts = 0
    with torch.no_grad():
        for x, xl, y, yl in loader:
            lp = model(x, xl)
            loss += ctc(lp, y, xl, yl).item()
            utts += len(xl)
            for hyp, ref in zip(greedy(lp, xl), y.split(yl.tolist())):
                errors += edit_distance(hyp, ref.tolist())
                symbols += len(ref)
    return loss / utts, errors / symbols


if __name__ == "__main__":
    torch.manual_seed(0)
    train = DataLoader(ToySpeech(400, 1), batch_size=32, shuffle=True, collate_fn=collate)
    val = DataLoader(ToySpeech(100, 2), batch_size=50, collate_fn=collate)
    test = DataLoader(ToySpeech(100, 3), batch_size=50, collate_fn=collate)
    model = Net()
    ctc = nn.CTCLoss(blank=BLANK, reduction="sum")
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.3, patience=1)
    best, best_state = float("inf"), None
    for epoch in range(8):
        model.train()
        total = 0.0
        for x, xl, y, yl in train:
            loss = ctc(model(x, xl), y, xl, yl) / len(xl)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
            total += loss.item() * len(xl)
        val_loss, val_cer = evaluate(model, val, ctc)
        plateau.step(val_loss)
        if val_cer < best:
            best, best_state = val_cer, {k: v.clone() for k, v in model.state_dict().items()}
        print(f"epoch {epoch} train {total / len(train.dataset):.3f} val {val_loss:.3f} val CER {val_cer:.3f}")
    model.load_state_dict(best_state)
    print("test loss per utterance %.3f, CER %.3f" % evaluate(model, test, ctc))
