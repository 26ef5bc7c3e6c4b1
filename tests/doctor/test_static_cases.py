"""Correct programs in several styles, and one change at a time that makes them silently wrong."""
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static.engine import check_text

ROOT = Path(__file__).parent / "cases"
# program, checks that may speak, what is replaced, by what
CHANGES: list[tuple[str, str, str, str]] = [
    ("trainer_with_config", "SB101", "            self.optim.zero_grad(set_to_none=True)\n", ""),
    ("trainer_with_config", "SB104", "            self.scaler.step(self.optim)\n", ""),
    ("trainer_with_config", "SB124", "            self.scaler.update()\n", ""),
    ("trainer_with_config", "SB108", "            self.scaler.unscale_(self.optim)\n", ""),
    ("trainer_with_config", "SB112", "            self.sched.step()\n            self.update_shadow()\n            running += loss.item() * images.size(0)\n            seen += images.size(0)\n", "            self.update_shadow()\n            running += loss.item() * images.size(0)\n            seen += images.size(0)\n        self.sched.step()\n"),
    ("trainer_with_config", "SB115", "            self.sched.step()\n", ""),
    ("trainer_with_config", "SB301", "        self.shadow.eval()\n", ""),
    ("trainer_with_config", "SB604", "            for s, b in zip(self.shadow.buffers(), self.net.buffers()):\n                s.copy_(b)\n", ""),
    ("trainer_with_config", "SB605", "            self.update_shadow()\n", ""),
    ("trainer_with_config", "SB603", "s.mul_(self.cfg.decay).add_(p, alpha=1 - self.cfg.decay)", "s.mul_(1 - self.cfg.decay).add_(p, alpha=self.cfg.decay)"),
    ("trainer_with_config", "SB602", "self.shadow = deepcopy(self.net)", "self.shadow = self.net"),
    ("trainer_with_config", "SB601", "self.best_state = deepcopy(self.shadow.state_dict())", "self.best_state = self.shadow.state_dict()"),
    ("trainer_with_config", "SB601", "self.best_state = deepcopy(self.shadow.state_dict())", "self.best_state = dict(self.shadow.state_dict())"),
    ("trainer_with_config", "SB501", "self.blocks = nn.ModuleList([Block(3, 32), Block(32, 64), Block(64, 128)])", "self.blocks = [Block(3, 32), Block(32, 64), Block(64, 128)]"),
    ("trainer_with_config", "SB201", "return self.fc(self.dropout(h))", "return self.fc(self.dropout(h)).softmax(dim=-1)"),
    ("trainer_with_config", "SB213", "return self.fc(self.dropout(h))", "return torch.relu(self.fc(self.dropout(h)))"),
    ("trainer_with_config", "SB209", ".argmax(dim=1)", ".argmax(dim=0)"),
    ("trainer_with_config", "SB116 SB118", "optim.AdamW(self.net.parameters()", "optim.AdamW(self.net.fc.parameters()"),
    ("trainer_with_config", "SB116", "optim.AdamW(self.net.parameters()", "optim.AdamW(Classifier().parameters()"),
    ("trainer_with_config", "SB305", "running += loss.item() * images.size(0)", "running += loss.item()"),
    ("trainer_with_config", "SB303", "        with torch.no_grad():\n            for images, labels in self.val_loader:\n                images, labels = images.to(self.device), labels.to(self.device)\n                hits += (self.shadow(images).argmax(dim=1) == labels).sum().item()\n                total += labels.numel()\n", "        for images, labels in self.val_loader:\n            images, labels = images.to(self.device), labels.to(self.device)\n            hits += (self.net(images).argmax(dim=1) == labels).sum().item()\n            total += labels.numel()\n"),
    ("trainer_with_config", "SB106", "            nn.utils.clip_grad_norm_(self.net.parameters(), self.cfg.clip)\n            self.scaler.step(self.optim)\n", "            self.scaler.step(self.optim)\n            nn.utils.clip_grad_norm_(self.net.parameters(), self.cfg.clip)\n"),
    ("trainer_with_config", "SB610", "            if acc > self.best_acc:\n                self.best_acc = acc\n                self.best_state", "            if acc > self.best_acc:\n                pass\n            if True:\n                self.best_acc = acc\n                self.best_state"),
    ("trainer_with_config", "SB310", "if acc > self.best_acc:", "if acc < self.best_acc:"),
    ("flat_regression", "SB101", "        adam.zero_grad()\n", ""),
    ("flat_regression", "SB105", "        adam.zero_grad()\n        error.backward()\n", "        error.backward()\n        adam.zero_grad()\n"),
    ("flat_regression", "SB104", "        adam.step()\n", ""),
    ("flat_regression", "SB102", "        error.backward()\n", ""),
    ("flat_regression", "SB210", "p_train, dtype=th.float32).unsqueeze(1)", "p_train, dtype=th.float32)"),
    ("flat_regression", "SB317", "p_test, dtype=th.float32).unsqueeze(1)", "p_test, dtype=th.float32)"),
    ("flat_regression", "SB301", "    mlp.eval()\n", ""),
    ("flat_regression", "SB302", "    mlp.train()\n    order", "    order"),
    ("flat_regression", "SB405", "f_test = scaler.transform(f_test)", "f_test = scaler.fit_transform(f_test)"),
    ("flat_regression", "SB405", "f_test = scaler.transform(f_test)", "f_test = StandardScaler().fit_transform(f_test)"),
    ("flat_regression", "SB409", "f_test = scaler.transform(f_test)\n", ""),
    ("flat_regression", "SB404", "f_train, f_test, p_train, p_test = train_test_split(features, price, test_size=0.2, random_state=3)\nscaler = StandardScaler()\nf_train = scaler.fit_transform(f_train)\nf_test = scaler.transform(f_test)\n", "scaler = StandardScaler()\nfeatures = scaler.fit_transform(features)\nf_train, f_test, p_train, p_test = train_test_split(features, price, test_size=0.2, random_state=3)\n"),
    ("flat_regression", "SB404", "f_train, f_test, p_train, p_test = train_test_split(", "features = (features - features.mean(axis=0)) / features.std(axis=0)\nf_train, f_test, p_train, p_test = train_test_split("),
    ("flat_regression", "SB414", "estimate = mlp(A[idx])", "estimate = mlp(A[th.randperm(A.shape[0])[:128]])"),
    ("flat_regression", "SB216", "history.append(error.item())", "history.append(error)"),
    ("flat_regression", "SB216", "history.append(error.item())", "history += [error]"),
    ("flat_regression", "SB111", "        history.append(error.item())\n    halve.step()\n", "        history.append(error.item())\n        halve.step()\n"),
    ("flat_regression", "SB113", "        adam.step()\n        history.append(error.item())\n    halve.step()\n", "        halve.step()\n        adam.step()\n        history.append(error.item())\n"),
    ("flat_regression", "SB212", "estimate = mlp(A[idx])", "estimate = F.relu(mlp(A[idx])).tanh()"),
    ("flat_regression", "SB509", "    nn.Linear(8, 64),\n    nn.ReLU(),\n", "    nn.Linear(8, 64),\n"),
    ("flat_regression", "SB119", "    mlp.train()\n", "    mlp.train()\n    adam = th.optim.Adam(mlp.parameters(), 1e-3)\n"),
    ("flat_regression", "SB128", "error = F.mse_loss(estimate, b[idx])", "error = F.mse_loss(estimate.detach(), b[idx]).requires_grad_()"),
    ("flat_regression", "SB312", "estimate = mlp(A[idx])\n        error = F.mse_loss(estimate, b[idx])", "estimate = mlp(A_test)\n        error = F.mse_loss(estimate, b_test)"),
    ("flat_regression", "SB309", "mae = (mlp(A_test) - b_test).abs().mean()", "mae = (mlp(A) - b).abs().mean()"),
    ("char_rnn", "SB101", "        opt.zero_grad()\n", ""),
    ("char_rnn", "SB224", "rows[:, i + 1 : i + 1 + k]", "rows[:, i : i + k]"),
    ("char_rnn", "SB227", "num_layers=layers, batch_first=True, dropout", "num_layers=layers, dropout"),
    ("char_rnn", "SB301", "    model.eval()\n", ""),
    ("char_rnn", "SB303", "@torch.no_grad()\n", ""),
    ("char_rnn", "SB302", "    model.train()\n", ""),
    ("char_rnn", "SB214", "logits.reshape(-1, logits.size(-1)), y.reshape(-1)", "logits.view(-1, logits.size(-1)), y.t().reshape(-1)"),
    ("char_rnn", "SB106", "        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)\n        opt.step()\n", "        opt.step()\n        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)\n"),
    ("char_rnn", "SB107", "        loss.backward()\n        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)\n", "        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)\n        loss.backward()\n"),
    ("char_rnn", "SB114", "plateau.step(val_loss)", "plateau.step(epoch)"),
    ("char_rnn", "SB114", 'mode="min", patience', 'mode="max", patience'),
    ("char_rnn", "SB115", "        plateau.step(val_loss)\n", ""),
    ("char_rnn", "SB201", "return self.out(h), state", "return torch.softmax(self.out(h), -1), state"),
    ("char_rnn", "SB310", "if val_loss < best:", "if val_loss > best:"),
    ("char_rnn", "SB310", 'best = float("inf")', "best = 0.0"),
    ("char_rnn", "SB701", "    torch.manual_seed(s)\n", ""),
    ("char_rnn", "SB406", "ids[:cut], ids[cut:]", "ids, ids[cut:]"),
    ("char_rnn", "SB304 SB305", 'reduction="sum").item()', 'reduction="mean").item()'),
    ("tiny_gpt", "SB101", "    optimizer.zero_grad(set_to_none=True)\n", ""),
    ("tiny_gpt", "SB109", "(loss / accum).backward()", "loss.backward()"),
    ("tiny_gpt", "SB110", "        _, loss = gpt(xb, yb)\n", "        optimizer.zero_grad(set_to_none=True)\n        _, loss = gpt(xb, yb)\n"),
    ("tiny_gpt", "SB223", '        att = att.masked_fill(self.mask[:T, :T] == 0, float("-inf"))\n', ""),
    ("tiny_gpt", "SB223", "self.mask[:T, :T] == 0", "self.mask[:T, :T] == 1"),
    ("tiny_gpt", "SB223", "torch.tril(torch.ones(", "torch.triu(torch.ones("),
    ("tiny_gpt", "SB208", "F.softmax(att, dim=-1)", "F.softmax(att, dim=-2)"),
    ("tiny_gpt", "SB222", "(q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))", "q @ k.transpose(-2, -1)"),
    ("tiny_gpt", "SB235", '        att = att.masked_fill(self.mask[:T, :T] == 0, float("-inf"))\n        att = F.softmax(att, dim=-1)\n', '        att = F.softmax(att, dim=-1)\n        att = att.masked_fill(self.mask[:T, :T] == 0, 0.0)\n'),
    ("tiny_gpt", "SB240 SB214", "(att @ v).transpose(1, 2).contiguous().view(B, T, C)", "(att @ v).contiguous().view(B, T, C)"),
    ("tiny_gpt", "SB214", "q = q.view(B, T, n_head, C // n_head).transpose(1, 2)\n        k = k.view(B, T, n_head, C // n_head).transpose(1, 2)", "q = q.view(B, n_head, T, C // n_head)\n        k = k.view(B, n_head, T, C // n_head)"),
    ("tiny_gpt", "SB224", "data[i + 1 : i + block_size + 1]", "data[i : i + block_size]"),
    ("tiny_gpt", "SB302", "    gpt.train()\n    return out", "    return out"),
    ("tiny_gpt", "SB301", "    gpt.eval()\n", ""),
    ("tiny_gpt", "SB501", "self.layers = nn.Sequential(*[Layer() for _ in range(n_layer)])", "self.layers = [Layer() for _ in range(n_layer)]"),
    ("tiny_gpt", "SB502", "nn.Sequential(*[Layer() for _ in range(n_layer)])", "nn.Sequential(*[Layer()] * n_layer)"),
    ("tiny_gpt", "SB506", "std=0.02", "std=1.0"),
    ("tiny_gpt", "SB507", "nn.init.normal_(m.weight, std=0.02)", "nn.init.constant_(m.weight, 0.02)"),
    ("tiny_gpt", "SB139", "min(1.0, (it + 1) / 100)", "3e-4 * min(1.0, (it + 1) / 100)"),
    ("tiny_gpt", "SB115", "    warm.step()\n", ""),
    ("tiny_gpt", "SB510", "x = x + self.attn(self.ln1(x))", "x = x + self.attn(x)"),
    ("tiny_gpt", "SB505", "        return self.proj(y)", "        return nn.Linear(n_embd, n_embd).to(y.device)(y)"),
    ("binary_flags", "SB101", "        opt.zero_grad()\n", ""),
    ("binary_flags", "SB203", "logit = net(reading).squeeze(-1)", "logit = torch.sigmoid(net(reading)).squeeze(-1)"),
    ("binary_flags", "SB203", "layers.append(nn.Linear(sizes[-1], 1))", "layers.extend([nn.Linear(sizes[-1], 1), nn.Sigmoid()])"),
    ("binary_flags", "SB204", "loss = binary_cross_entropy_with_logits(logit, flag)", "loss = nn.BCELoss()(logit, flag)"),
    ("binary_flags", "SB307", "prob = torch.sigmoid(net(batch[\"reading\"].to(device)).squeeze(-1))", "prob = net(batch[\"reading\"].to(device)).squeeze(-1)"),
    ("binary_flags", "SB301", "    net.eval()\n", ""),
    ("binary_flags", "SB303", "    with torch.no_grad():\n", "    if True:\n"),
    ("binary_flags", "SB302", "    net.train()\n", ""),
    ("binary_flags", "SB406", "perm[:8000], perm[8000:]", "perm[:8000], perm[6000:]"),
    ("binary_flags", "SB414", "Sensors(raw[tr], flag[tr])", "Sensors(raw[tr], flag[:8000])"),
    ("binary_flags", "SB313", "best, patience = acc, 0", "best = acc"),
    ("binary_flags", "SB310", "if acc > best:", "if acc < best:"),
    ("binary_flags", "SB211", "binary_cross_entropy_with_logits(logit, flag)", "binary_cross_entropy_with_logits(flag, logit)"),
    ("binary_flags", "SB215", 'reading = batch["reading"].to(device)\n', 'reading = batch["reading"]\n        reading.to(device)\n'),
    ("binary_flags", "SB404", "    perm = torch", "    raw = (raw - raw.mean(0)) / raw.std(0)\n    perm = torch"),
    ("binary_flags", "SB309", "acc = score(net, val_dl, device)", "acc = score(net, train_dl, device)"),
    ("binary_flags", "SB314", "        n += guess.numel()\n    return right / n", "        n += guess.numel()\n            return right / n"),
    ("binary_flags", "SB103", "        opt.step()\n", "        opt.step\n"),
    ("binary_flags", "SB103", "    net.eval()\n", "    net.eval\n"),
    ("binary_flags", "SB103", "        opt.zero_grad()\n", "        opt.zero_grad\n"),
]  # fmt: skip


# What reading does not find yet; a change that is found must leave this list.
GAPS = {
    ("trainer_with_config", "SB604"), ("flat_regression", "SB212"), ("char_rnn", "SB227"), ("char_rnn", "SB214"),
    ("char_rnn", "SB406"), ("binary_flags", "SB414"),
}  # fmt: skip


def warnings(text: str) -> list[Finding]:
    return [f for f in check_text(text, strict=True) if f.severity >= Severity.WARNING]


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.py")), ids=lambda path: path.stem)
def test_a_correct_program_is_quiet(path: Path) -> None:
    assert [(f.code, f.line) for f in warnings(path.read_text())] == []


@pytest.mark.parametrize(
    ("program", "codes", "old", "new"), CHANGES, ids=[f"{c[0]}-{c[1][:5]}-{i}" for i, c in enumerate(CHANGES)]
)
def test_one_change_is_found(program: str, codes: str, old: str, new: str) -> None:
    text = (ROOT / f"{program}.py").read_text()
    assert text.count(old) >= 1, old
    found = {f.code for f in warnings(text.replace(old, new, 1))} & set(codes.split())
    assert bool(found) is not ((program, codes) in GAPS)
