//! Replies as the gateway words them: three layers, every value a string, fields in the order of its samples.

use super::book::Entry;
use super::clock::beijing_text;
use super::order::{Money, Order, Status};
use super::refunds::Refund;
use super::scenario::Field;

/// The store that every simulated terminal stands in.
const STORE_ID: &str = "00293001928483902";

/// The message that belongs to an error_code.
pub fn message_of(error_code: &str) -> &'static str {
    match error_code {
        "INVALID_PARAMS" => "参数错误",
        "INVALID_TERMINAL" => "终端错误",
        "TERMINAL_NOT_EXISTS" => "不存在这个终端",
        "ACTIVATE_FAIL" => "激活码不存在、已过期或已被使用",
        "ILLEGAL_SIGN" => "签名错误",
        "UNKNOWN_SYSTEM_ERROR" => "未知的系统错误",
        "MAINTENANCE_INPROGRESS" => "服务端正在升级维护,稍候5分钟",
        "INVALID_BARCODE" => "条码错误",
        "INSUFFICIENT_FUND" => "账户金额不足",
        "EXPIRED_BARCODE" => "过期的支付条码",
        "BUYER_OVER_DAILY_LIMIT" => "付款人当日付款金额超过上限",
        "TRADE_FAILED" => "交易失败",
        "CLIENT_SN_CONFLICT" => "client_sn在系统中已存在",
        "UPAY_ORDER_NOT_EXISTS" | "UPAY_ORDER_NOT_EXIST" => "订单不存在",
        "UPAY_CANCEL_ORDER_NOOP" => "无效操作,订单已经是撤单状态了",
        "UPAY_CANCEL_INVALID_ORDER_STATE" => "当前订单状态不可撤销",
        "UPAY_STORE_OVER_DAILY_LIMIT" => "商户日收款额超过上限",
        "UPAY_REFUND_ORDER_NOOP" => "无效操作,本次退款退款已经完成了",
        "UPAY_REFUND_INVALID_ORDER_STATE" => "当前订单状态不可退款",
        "UPAY_TCP_ORDER_NOT_REFUNDABLE" => "订单参与了活动并且无法撤销",
        "REFUND_REQUEST_CONFLICT" => "重复的退款请求",
        "REFUNDABLE_AMOUNT_NOT_ENOUGH" => "订单可退金额不足",
        "SELLER_BALANCE_NOT_ENOUGH" => "卖家余额不足",
        "TRADE_NOT_EXIST" => "交易不存在",
        _ => "模拟网关的未知错误",
    }
}

/// A request that got no further than the first layer.
pub fn request_error(result_code: &str, error_code: &str, message: &str) -> String {
    object(&[("result_code", text(result_code)), ("error_code", text(error_code)), ("error_message", text(message))])
}

/// An action with an order to show.
pub fn done(result_code: &str, error_code: Option<&str>, data: String) -> String {
    let mut biz = vec![("result_code", text(result_code))];
    if let Some(error_code) = error_code {
        biz.push(("error_code", text(error_code)));
        biz.push(("error_message", text(message_of(error_code))));
    }
    biz.push(("data", data));
    in_first_layer(&biz)
}

/// FAIL: an action that did not take place.
pub fn fail(error_code: &str) -> String {
    in_first_layer(&[
        ("result_code", text("FAIL")),
        ("error_code", text(error_code)),
        ("error_message", text(message_of(error_code))),
    ])
}

/// A biz_response of these members, and nothing wrong with the request.
pub fn in_first_layer(biz: &[(&str, String)]) -> String {
    object(&[("result_code", text("200")), ("biz_response", object(biz))])
}

/// What `data` will show. Scenarios change it before it is written.
pub struct View {
    client_sn: String,
    terminal_sn: String,
    total_amount: u64,
    order_status: &'static str,
    transaction_status: &'static str,
    /// What only one refund's replies have, and only precreate's.
    extra: Vec<(&'static str, String)>,
    order: Order,
}

impl View {
    pub fn of(entry: &Entry, order: &Order) -> View {
        View {
            client_sn: entry.client_sn.clone(),
            terminal_sn: entry.terminal_sn.clone(),
            total_amount: entry.total_amount,
            order_status: order.status.order_status(),
            transaction_status: order.status.transaction_status(),
            extra: Vec::new(),
            order: order.clone(),
        }
    }

    /// Shows the order before anybody has paid.
    pub fn still_created(mut self) -> View {
        self.order.paid_ms = None;
        self.order.finished_ms = None;
        self.order.money = Money::NotTaken;
        self.with_status(Status::Created)
    }

    /// Shows the order as paid, but one field is not this order's.
    pub fn paid_but_another(mut self, field: Field) -> View {
        self.order.paid_ms.get_or_insert(self.order.created_ms);
        self.order.finished_ms.get_or_insert(self.order.created_ms);
        self.order.money = Money::Taken;
        self.with_status(Status::Paid).another(field)
    }

    /// Shows one field that is not this order's.
    pub fn another(mut self, field: Field) -> View {
        match field {
            Field::ClientSn => self.client_sn = another(&self.client_sn),
            Field::TotalAmount => self.total_amount += 1,
            Field::TerminalSn => self.terminal_sn = another(&self.terminal_sn),
        }
        self
    }

    /// Shows the code that the customer is to scan.
    pub fn with_qr_code(mut self) -> View {
        self.extra.extend(self.order.qr_code.as_ref().map(|code| ("qr_code", text(&code.text))));
        self
    }

    /// Shows one refund of the order: its transaction, its number, its time and who made it.
    pub fn of_refund(mut self, refund: &Refund) -> View {
        let number = refund.refund_request_no.as_str();
        self.transaction_status = refund.state.transaction_status();
        self.extra.push(("client_tsn", text(refund.client_tsn.as_deref().unwrap_or(number))));
        self.extra.push(("refund_request_no", text(number)));
        self.order.finished_ms = refund.finished_ms;
        self.order.operator.clone_from(&refund.operator);
        self
    }

    /// Shows another status of the transaction.
    pub fn with_transaction_status(self, transaction_status: &'static str) -> View {
        View { transaction_status, ..self }
    }

    /// Shows another order_status, and leaves the rest as it is.
    pub fn with_order_status(self, order_status: &'static str) -> View {
        View { order_status, ..self }
    }

    fn with_status(mut self, status: Status) -> View {
        self.order.status = status;
        self.order_status = status.order_status();
        self.transaction_status = status.transaction_status();
        self
    }

    /// `data` as it should be.
    pub fn data(&self) -> String {
        object(&self.fields())
    }

    /// The same facts in other types, among strangers.
    pub fn loose_data(&self) -> String {
        let mut fields = self.fields();
        for (name, value) in &mut fields {
            match *name {
                "total_amount" | "net_amount" | "payway" | "sub_payway" | "finish_time" => {
                    *value = value.trim_matches('"').to_owned();
                }
                "ctime" => *value = text(&beijing_text(self.order.created_ms)),
                _ => {}
            }
        }
        fields.push(("store_name", "null".to_owned()));
        fields.push(("coupon_amount", "0.00".to_owned()));
        fields.push(("is_simulated", "true".to_owned()));
        fields.push(("payment_list", r#"[{"type":"WALLET_WEIXIN","amount_total":"1"}]"#.to_owned()));
        object(&fields)
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let order = &self.order;
        // Another total_amount is another net_amount, unless something has been given back.
        let net_amount = match order.net_amount() {
            net_amount if net_amount == order.total_amount => self.total_amount,
            net_amount => net_amount,
        };
        // The last four digits of the order's number tell one simulated customer from another.
        let customer = &order.sn[order.sn.len() - 4..];
        let mut fields = vec![
            ("sn", text(&order.sn)),
            ("client_sn", text(&self.client_sn)),
            ("status", text(self.transaction_status)),
            ("payway", text(&order.payway)),
            ("sub_payway", text(&order.sub_payway)),
            ("order_status", text(self.order_status)),
        ];
        if let Some(paid_ms) = order.paid_ms {
            fields.push(("payer_uid", text(&format!("okSzXt3uY4-W8fKBH7B4z8se{customer}"))));
            fields.push(("payer_login", text(&format!("138****{customer}"))));
            fields.push(("trade_no", text(&format!("10061010162015{paid_ms:013}{customer}"))));
        }
        fields.push(("total_amount", text(&self.total_amount.to_string())));
        fields.push(("net_amount", text(&net_amount.to_string())));
        fields.push(("ctime", text(&format!("{:013}", order.created_ms))));
        if let Some(finished_ms) = order.finished_ms {
            fields.push(("finish_time", text(&format!("{finished_ms:013}"))));
        }
        if let Some(paid_ms) = order.paid_ms {
            fields.push(("channel_finish_time", text(&format!("{:013}", paid_ms / 1000 * 1000))));
        }
        fields.push(("terminal_sn", text(&self.terminal_sn)));
        fields.push(("store_id", text(STORE_ID)));
        fields.push(("subject", text(&order.subject)));
        fields.push(("operator", text(&order.operator)));
        fields.extend(order.description.as_deref().map(|value| ("description", text(value))));
        fields.extend(order.reflect.as_deref().map(|value| ("reflect", text(value))));
        fields.extend(self.extra.iter().cloned());
        fields
    }
}

/// A serial number that differs from this one in its last character.
pub fn another(serial_number: &str) -> String {
    let mut another = serial_number.to_owned();
    let last = another.pop();
    another.push(if last == Some('9') { '8' } else { '9' });
    another
}

/// A JSON object whose members keep their order, as the gateway's do.
pub fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{value}", text(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// A JSON string.
pub fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}
